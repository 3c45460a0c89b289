#include "data/image/resample.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/testing.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

int Number(std::string_view text) {
  int number = -1;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << text;
  return number;
}

TEST(ResampleTest, IsWithinOneLevelOfPillow) {
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors,
                       ReadSafetensors("data/image/testdata/resample.safetensors"));
  const Image source = FromTensor(tensors.at("source"));
  int compared = 0;
  for (const auto& [key, expected] : tensors) {
    const std::vector<std::string> parts = absl::StrSplit(key, '/');
    if (parts.size() != 3) continue;
    SCOPED_TRACE(key);
    const std::vector<std::string> size = absl::StrSplit(parts[1], 'x');
    const std::vector<std::string> box = absl::StrSplit(parts[2], ',');
    const Region region = {1.0 * Number(box[0]), 1.0 * Number(box[1]), 1.0 * Number(box[2]),
                           1.0 * Number(box[3])};
    Image out;
    Resample(source, region, {Number(size[0]), Number(size[1])},
             parts[0] == "bicubic" ? Filter::kBicubic : Filter::kBilinear, &out);
    EXPECT_LE(LargestDifference(out, FromTensor(expected)), 1);
    ++compared;
  }
  EXPECT_EQ(compared, 12);
}

TEST(ResampleTest, SameSizeIsTheSamePicture) {
  const Image picture = MakePicture(31, 17);
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
    Image out;
    Resample(picture, {0, 0, 31, 17}, {31, 17}, filter, &out);
    EXPECT_EQ(LargestDifference(out, picture), 0);
  }
}

TEST(ResampleTest, EvenSurfaceStaysEven) {
  Image grey;
  grey.Resize(200, 130);
  std::fill(grey.pixels.begin(), grey.pixels.end(), 77);
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
    for (const Size size : {Size{7, 3}, Size{300, 211}, Size{1, 1}}) {
      Image out;
      Resample(grey, {0.25, 0.5, 199.5, 129.25}, size, filter, &out);
      EXPECT_EQ(std::count(out.pixels.begin(), out.pixels.end(), 77),
                int64_t{3} * size.width * size.height);
    }
  }
}

// Under --config=asan this shows that nothing behind the picture is read.
TEST(ResampleTest, SmallestPicturesAreResizedToo) {
  for (const Size source : {Size{1, 1}, Size{1, 5}, Size{5, 1}, Size{2, 2}}) {
    const Image picture = MakePicture(source.width, source.height);
    Image out;
    Resample(picture, {0, 0, 1.0 * source.width, 1.0 * source.height}, {4, 3}, Filter::kBicubic,
             &out);
    EXPECT_EQ(out.pixels.size(), 36);
  }
}

TEST(ResampleTest, WhatLiesOutsideIsNotLookedAt) {
  Image picture = MakePicture(50, 50);
  Image before, after;
  Resample(picture, {10.5, 10.25, 20, 20.5}, {9, 31}, Filter::kBicubic, &before);
  const Box inside = {10, 10, 21, 21};
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 50; ++x) {
      const bool is_inside = x >= inside.x && x < inside.x + inside.width && y >= inside.y &&
                             y < inside.y + inside.height;
      if (!is_inside) std::fill_n(picture.row(y) + 3 * x, 3, 255);
    }
  }
  Resample(picture, {10.5, 10.25, 20, 20.5}, {9, 31}, Filter::kBicubic, &after);
  EXPECT_EQ(LargestDifference(before, after), 0);
}

}  // namespace
}  // namespace vitrine
