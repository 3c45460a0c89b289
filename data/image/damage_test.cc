// Damaged files are read if Pillow and torchvision both read them, to the same pixels; see
// testdata/damaged_png.py and damaged_jpeg.py for what is wrong with them.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/decode.h"
#include "data/image/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct File {
  std::string name, bytes;
  std::optional<Image> pixels;  // if both read it

  bool IsDamaged() const { return absl::StartsWith(name, "damaged/"); }
};

class DamageTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const TensorMap tensors,
                         ReadSafetensors(absl::StrCat("data/image/testdata/", GetParam())));
    for (const auto& [key, tensor] : tensors) {
      std::string_view name = key;
      if (!absl::ConsumeSuffix(&name, "/file")) continue;
      File& file = files_.emplace_back();
      file.name = name;
      file.bytes = BytesOf(tensor);
      const auto pixels = tensors.find(absl::StrCat(name, "/pixels"));
      if (pixels != tensors.end()) file.pixels = FromTensor(pixels->second);
    }
    ASSERT_GE(files_.size(), 70);
  }

  std::vector<File> files_;
};

TEST_P(DamageTest, WhatBothReadIsReadToTheSamePixels) {
  int read = 0;
  for (const File& file : files_) {
    if (!file.pixels) continue;
    SCOPED_TRACE(file.name);
    absl::StatusOr<EncodedImage> encoded = EncodedImage::Open(file.bytes);
    EXPECT_OK(encoded);
    if (!encoded.ok()) continue;
    Image image;
    EXPECT_OK(encoded->Decode(&image));
    EXPECT_EQ(LargestDifference(image, *file.pixels), 0);
    ++read;
  }
  EXPECT_GE(read, 40);
}

TEST_P(DamageTest, WhatEitherRefusesIsRefused) {
  int refused = 0;
  for (const File& file : files_) {
    if (file.pixels) continue;
    absl::StatusOr<EncodedImage> encoded = EncodedImage::Open(file.bytes);
    Image image;
    const absl::Status status = encoded.ok() ? encoded->Decode(&image) : encoded.status();
    EXPECT_THAT(status, Fails(absl::StatusCode::kDataLoss, HasSubstr("damaged"))) << file.name;
    ++refused;
  }
  EXPECT_GE(refused, 25);
}

TEST_P(DamageTest, DamageIsReportedAndNothingElse) {
  for (const File& file : files_) {
    if (!file.pixels) continue;
    ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file.bytes));
    Image image;
    ASSERT_OK(encoded.Decode(&image));
    if (file.IsDamaged()) {
      EXPECT_THAT(encoded.damage(),
                  AnyOf(StartsWith("a damaged JPEG ("), StartsWith("a damaged PNG (")))
          << file.name;
    } else {
      EXPECT_THAT(encoded.damage(), IsEmpty()) << file.name;
    }
  }
}

// Whatever is left out, and however much smaller it comes out.
TEST_P(DamageTest, BoxIsThatOfTheWhole) {
  RandomStream random(1, "boxes");
  for (const File& file : files_) {
    if (!file.pixels) continue;
    const int width = file.pixels->width, height = file.pixels->height;
    for (int trial = 0; trial < 20; ++trial) {
      Box box;
      box.x = static_cast<int>(random.Below(width));
      box.y = static_cast<int>(random.Below(height));
      box.width = 1 + static_cast<int>(random.Below(width - box.x));
      box.height = 1 + static_cast<int>(random.Below(height - box.y));
      ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file.bytes));
      Image image;
      ASSERT_OK_AND_ASSIGN(const Region region,
                           encoded.Decode(box, {box.width, box.height}, &image));
      const Box found = {static_cast<int>(region.x), static_cast<int>(region.y), box.width,
                         box.height};
      ASSERT_EQ(LargestDifference(Crop(image, found), Crop(*file.pixels, box)), 0) << file.name;
    }
  }
}

// A box that ends above the damage does not see it.
TEST_P(DamageTest, BoxOfARefusedFileIsRefusedOrSeesNoDamage) {
  for (const File& file : files_) {
    absl::StatusOr<EncodedImage> opened = EncodedImage::Open(file.bytes);
    if (file.pixels || !opened.ok()) continue;
    for (int height = 1; height <= opened->height(); ++height) {
      ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file.bytes));
      Image image;
      const Box box = {1, 0, 5, height};
      if (encoded.Decode(box, {box.width, box.height}, &image).ok()) {
        EXPECT_THAT(encoded.damage(), IsEmpty()) << file.name << " of " << height << " rows";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DamageTest,
                         ::testing::Values("damaged_png.safetensors", "damaged_jpeg.safetensors"));

}  // namespace
}  // namespace vitrine
