#include "data/image/decode.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

// Files of every kind, each with the pixels that Pillow reads from it; see testdata/.
class FixtureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(tensors_, ReadSafetensors("data/image/testdata/decode.safetensors"));
    for (const auto& [key, tensor] : tensors_) {
      std::string_view name = key;
      if (absl::ConsumeSuffix(&name, "/file")) names_.emplace_back(name);
    }
    ASSERT_EQ(names_.size(), 25);
  }

  std::string File(const std::string& name) const { return BytesOf(tensors_.at(name + "/file")); }
  Image Pixels(const std::string& name) const { return FromTensor(tensors_.at(name + "/pixels")); }

  TensorMap tensors_;
  std::vector<std::string> names_;
};

TEST_F(FixtureTest, EveryKindHasThePixelsOfPillow) {
  for (const std::string& name : names_) {
    SCOPED_TRACE(name);
    const std::string file = File(name);
    ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file));
    Image image;
    ASSERT_OK(encoded.Decode(&image));
    const Image expected = Pixels(name);
    EXPECT_EQ(encoded.width(), expected.width);
    EXPECT_EQ(encoded.height(), expected.height);
    EXPECT_EQ(LargestDifference(image, expected), 0);
  }
}

TEST_F(FixtureTest, EveryKindBecomesGreyAsPillowMakesIt) {
  for (const std::string& name : names_) {
    const std::string file = File(name);
    const at::Tensor& expected = tensors_.at(name + "/grey");  // [height, width]
    ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file, {.grey = true}));
    const Box whole = {0, 0, encoded.width(), encoded.height()};
    Image image;
    ASSERT_OK(encoded.Decode(whole, {whole.width, whole.height}, &image));
    EXPECT_EQ(LargestDifference(image, FromTensor(expected.unsqueeze(2).repeat({1, 1, 3}))), 0)
        << name;
  }
}

TEST_F(FixtureTest, SmallerPicturesAreThoseOfPillowsDraftMode) {
  int compared = 0;
  for (const std::string& name : names_) {
    for (const int shrink : {2, 4, 8}) {
      const auto expected = tensors_.find(absl::StrCat(name, "/shrunk", shrink));
      if (expected == tensors_.end()) continue;
      SCOPED_TRACE(expected->first);
      const std::string file = File(name);
      ASSERT_OK_AND_ASSIGN(JpegDecoder decoder, JpegDecoder::Open(file));
      const Image whole = FromTensor(expected->second);
      Image image;
      ASSERT_OK(decoder.Decode({0, 0, whole.width, whole.height}, shrink, &image));
      EXPECT_EQ(LargestDifference(image, whole), 0);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 27);
}

TEST_F(FixtureTest, BoxOfTurnedPictureIsOfItAsShown) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string name = absl::StrCat("turned/", orientation);
    const std::string file = File(name);
    const Box box = {5, 7, 11, 13};
    ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file));
    Image image;
    ASSERT_OK_AND_ASSIGN(const Region region, encoded.Decode(box, {11, 13}, &image));
    const Box found = {static_cast<int>(region.x), static_cast<int>(region.y), 11, 13};
    EXPECT_EQ(LargestDifference(Crop(image, found), Crop(Pixels(name), box)), 0) << name;
  }
}

TEST_F(FixtureTest, EveryTruncationIsAnError) {
  for (const std::string& name : names_) {
    const std::string file = File(name);
    for (size_t size = 0; size < file.size(); size += 7) {
      const std::string cut = file.substr(0, size);
      absl::StatusOr<EncodedImage> encoded = EncodedImage::Open(cut);
      if (!encoded.ok()) continue;
      Image image;
      // A PNG may lack its last chunk, which holds nothing.
      if (encoded->Decode(&image).ok() && size + 12 >= file.size()) continue;
      EXPECT_FALSE(EncodedImage::Open(cut)->Decode(&image).ok()) << name << " cut to " << size;
    }
  }
}

// Run under --config=asan this shows that no byte beyond the file is read.
TEST_F(FixtureTest, DamagedBytesAreReadOrRefused) {
  RandomStream random(1, "damage");
  int refused = 0;
  for (const std::string& name : names_) {
    for (int trial = 0; trial < 40; ++trial) {
      std::string file = File(name);
      for (int i = 0; i < 3; ++i) file[random.Below(file.size())] = static_cast<char>(random());
      absl::StatusOr<EncodedImage> encoded = EncodedImage::Open(file, {.most_pixels = 1 << 16});
      Image image;
      refused += !encoded.ok() || !encoded->Decode(&image).ok();
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(EncodedImageTest, WhatIsNoImageIsRefused) {
  EXPECT_THAT(EncodedImage::Open("").status(),
              Fails(absl::StatusCode::kInvalidArgument, "an empty file"));
  EXPECT_THAT(EncodedImage::Open("something").status(),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("neither a JPEG nor a PNG")));
  EXPECT_THAT(EncodedImage::Open("\xff\xd8\xff").status(),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("damaged JPEG")));
  EXPECT_THAT(EncodedImage::Open("\x89PNG\r\n\x1a\n").status(),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("damaged PNG")));
}

TEST(EncodedImageTest, TooManyPixelsAreRefusedBeforeAnyIsDecoded) {
  const std::string png = EncodePng(MakePicture(100, 50));
  EXPECT_OK(EncodedImage::Open(png, {.most_pixels = 5000}));
  EXPECT_THAT(EncodedImage::Open(png, {.most_pixels = 4999}).status(),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("100 x 50 pixels")));
}

TEST(EncodedImageTest, PngGivesBackWhatWasEncoded) {
  const Image picture = MakePicture(37, 19);
  const std::string png = EncodePng(picture);
  ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(png));
  Image image;
  ASSERT_OK(encoded.Decode(&image));
  EXPECT_EQ(LargestDifference(image, picture), 0);
}

TEST(EncodedImageTest, JpegIsMadeSmallerButNeverSmallerThanTheTarget) {
  const std::string jpeg = EncodeJpeg(MakePicture(200, 160), 95);
  struct Case {
    Box box;
    Size target;
    int shrink;
  };
  const Case cases[] = {{{0, 0, 200, 160}, {200, 160}, 1},
                        {{0, 0, 200, 160}, {100, 81}, 1},
                        {{0, 0, 200, 160}, {100, 80}, 2},
                        {{3, 5, 101, 99}, {20, 20}, 4},
                        {{8, 8, 180, 150}, {5, 5}, 8}};
  for (const auto& [box, target, shrink] : cases) {
    ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(jpeg));
    Image image;
    ASSERT_OK_AND_ASSIGN(const Region region, encoded.Decode(box, target, &image));
    EXPECT_DOUBLE_EQ(region.width, 1.0 * box.width / shrink);
    EXPECT_DOUBLE_EQ(region.height, 1.0 * box.height / shrink);
    EXPECT_GE(region.x, 0);
    EXPECT_LE(region.x + region.width, image.width);
    EXPECT_LE(region.y + region.height, image.height);
    EXPECT_GE(region.width, target.width);
    EXPECT_GE(region.height, target.height);
  }
}

// The columns and rows that are left out must not change those that are kept.
TEST_F(FixtureTest, BoxOfJpegIsThatOfTheWhole) {
  RandomStream random(2, "boxes");
  for (const std::string& name : names_) {
    if (!absl::StartsWith(name, "jpeg/")) continue;
    const std::string file = File(name);
    for (const int shrink : {1, 2, 4, 8}) {
      const at::Tensor& tensor =
          tensors_.at(name + (shrink == 1 ? "/pixels" : absl::StrCat("/shrunk", shrink)));
      const Image whole = FromTensor(tensor);
      for (int trial = 0; trial < 50; ++trial) {
        Box box;
        box.x = static_cast<int>(random.Below(whole.width));
        box.y = static_cast<int>(random.Below(whole.height));
        box.width = 1 + static_cast<int>(random.Below(whole.width - box.x));
        box.height = 1 + static_cast<int>(random.Below(whole.height - box.y));
        ASSERT_OK_AND_ASSIGN(JpegDecoder decoder, JpegDecoder::Open(file));
        Image image;
        ASSERT_OK(decoder.Decode(box, shrink, &image));
        ASSERT_EQ(LargestDifference(image, Crop(whole, box)), 0)
            << name << " / " << shrink << ": " << box.x << "," << box.y << " " << box.width << "x"
            << box.height;
      }
    }
  }
}

}  // namespace
}  // namespace vitrine
