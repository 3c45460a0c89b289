#include "data/batches/sample_reader.h"

#include <filesystem>
#include <string>
#include <vector>

#include "ATen/ops/arange.h"
#include "base/status_matchers.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/source/image_folder.h"
#include "data/source/memory_source.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kSize = 16;

TransformPipeline Pipeline(const std::vector<std::string>& transforms, int size = kSize) {
  TransformConfigs configs;
  for (const std::string& text : transforms) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, configs.Add()));
  }
  return TransformPipeline::Create(configs, Square(size), {1, 2, 3}).value();
}

using Pixels = std::vector<uint8_t>;

// Twelve PNGs of two classes; damaged ones as the tests ask.
class SampleReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 12; ++i) Write(i, EncodePng(MakePicture(kSize, kSize, i)));
  }

  void Write(int i, std::string_view bytes) {
    const std::string name = std::string(1, static_cast<char>('a' + i)) + ".png";
    WriteTestFile(folder_ / (i < 6 ? "0" : "1") / name, bytes);
  }

  SampleReader Make(OnBad on_bad, const std::vector<std::string>& transforms = {},
                    uint64_t seed = 1) {
    return SampleReader(OpenImageFolder(folder_).value().images, Pipeline(transforms),
                        {.channels = 3, .size = Square(kSize)}, seed, on_bad);
  }

  absl::StatusOr<int64_t> Read(SampleReader& reader, int64_t epoch, int64_t index) {
    pixels_.assign(reader.shape().numel(), 77);
    return reader.Read(epoch, index, &scratch_, pixels_.data());
  }

  const fs::path folder_ = EmptyFolder("sample_reader_test");
  SampleReader::Scratch scratch_;
  Pixels pixels_;
};

TEST_F(SampleReaderTest, FilesBecomePlanes) {
  SampleReader reader = Make(OnBad::kFail);
  ASSERT_OK_AND_ASSIGN(const int64_t label, Read(reader, 0, 7));
  EXPECT_EQ(label, 1);
  const Image picture = MakePicture(kSize, kSize, 7);
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < kSize * kSize; ++i) {
      ASSERT_EQ(pixels_[c * kSize * kSize + i], picture.pixels[3 * i + c]);
    }
  }
}

TEST_F(SampleReaderTest, PixelsInMemoryPassThroughUnchangedGreyOrColour) {
  for (const int channels : {1, 3}) {
    const at::Tensor images = at::arange(4 * channels * 64).to(at::kByte).view({4, channels, 8, 8});
    const auto source = std::make_shared<MemorySource>(
        "made up", ImageSet{.images = images, .labels = at::arange(4, at::kLong)});
    const ImageShape shape = {.channels = channels, .size = Square(8)};
    SampleReader plain(source, Pipeline({}, 8), shape, 1, OnBad::kFail);
    // The same through the pictures of the pipeline: a flip that never flips.
    SampleReader through(source, Pipeline({"horizontal_flip { probability: 0 }"}, 8), shape, 1,
                         OnBad::kFail);
    ASSERT_OK_AND_ASSIGN(int64_t label, Read(plain, 0, 3));
    EXPECT_EQ(label, 3);
    const Pixels expected(images.const_data_ptr<uint8_t>() + 3 * shape.numel(),
                          images.const_data_ptr<uint8_t>() + 4 * shape.numel());
    EXPECT_EQ(pixels_, expected);
    ASSERT_OK_AND_ASSIGN(label, Read(through, 0, 3));
    EXPECT_EQ(pixels_, expected);
  }
}

TEST_F(SampleReaderTest, DrawsDependOnSeedEpochAndIndexAlone) {
  const std::vector<std::string> crop = {"pad_and_crop { padding: 8 }"};
  SampleReader reader = Make(OnBad::kFail, crop), again = Make(OnBad::kFail, crop),
               other = Make(OnBad::kFail, crop, /*seed=*/2);
  std::vector<Pixels> first;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (int i = 0; i < 12; ++i) {
      ASSERT_OK(Read(reader, epoch, i));
      first.push_back(pixels_);
    }
  }
  for (int k = 23; k >= 0; --k) {
    ASSERT_OK(Read(again, k / 12, k % 12));
    ASSERT_EQ(pixels_, first[k]) << k;
  }
  EXPECT_NE(first[3], first[15]) << "another epoch";
  ASSERT_OK(Read(other, 0, 3));
  EXPECT_NE(pixels_, first[3]) << "another seed";
}

TEST_F(SampleReaderTest, BadFilesFailWithTheirNameAndTheReason) {
  const std::string jpeg = EncodeJpeg(MakePicture(kSize, kSize), 90);
  struct Bad {
    std::string_view bytes, reason;
  };
  const Bad bads[] = {{"", "empty"},
                      {"<html>404</html>", "JPEG and PNG are read"},
                      {std::string_view(jpeg).substr(0, jpeg.size() / 2), "JPEG"}};
  for (const Bad& bad : bads) {
    Write(2, bad.bytes);
    SampleReader reader = Make(OnBad::kFail);
    const absl::StatusOr<int64_t> label = Read(reader, 0, 2);
    ASSERT_FALSE(label.ok()) << bad.reason;
    EXPECT_THAT(std::string(label.status().message()),
                AllOf(HasSubstr((folder_ / "0/c.png").string()), HasSubstr(bad.reason)));
    EXPECT_OK(Read(reader, 0, 1));
  }
}

TEST_F(SampleReaderTest, FileThatMayNotBeRead) {
  SampleReader reader = Make(OnBad::kFail);
  fs::remove(folder_ / "0/c.png");
  EXPECT_THAT(Read(reader, 0, 2),
              Fails(absl::StatusCode::kNotFound, HasSubstr((folder_ / "0/c.png").string())));
}

TEST_F(SampleReaderTest, PictureOfAnotherSizeSaysWhatToDo) {
  Write(2, EncodePng(MakePicture(kSize, kSize + 1)));
  SampleReader reader = Make(OnBad::kFail);
  EXPECT_THAT(Read(reader, 0, 2), Fails(absl::StatusCode::kInvalidArgument, HasSubstr("c.png")));
}

TEST_F(SampleReaderTest, WrongExtensionDoesNotMatter) {
  Write(2, EncodeJpeg(MakePicture(kSize, kSize), 90));
  SampleReader reader = Make(OnBad::kFail);
  EXPECT_OK(Read(reader, 0, 2));
}

TEST_F(SampleReaderTest, ReplacementIsAFunctionOfSeedEpochAndIndex) {
  for (const int i : {1, 4, 9}) Write(i, "no image");
  SampleReader reader = Make(OnBad::kReplace), again = Make(OnBad::kReplace);
  std::vector<Pixels> seen;
  for (int epoch = 0; epoch < 8; ++epoch) {
    ASSERT_OK_AND_ASSIGN(const int64_t label, Read(reader, epoch, 4));
    seen.push_back(pixels_);
    bool found = false;  // the picture and the label are of one good image
    for (const int i : {0, 2, 3, 5, 6, 7, 8, 10, 11}) {
      SampleReader good = Make(OnBad::kFail);
      ASSERT_OK_AND_ASSIGN(const int64_t its_label, Read(good, 0, i));
      found |= pixels_ == seen.back() && label == its_label;
    }
    EXPECT_TRUE(found) << epoch;
  }
  for (int epoch = 7; epoch >= 0; --epoch) {
    ASSERT_OK(Read(again, epoch, 4));
    EXPECT_EQ(pixels_, seen[epoch]);
  }
  EXPECT_FALSE(std::equal(seen.begin() + 1, seen.end(), seen.begin())) << "not always the same";
}

TEST_F(SampleReaderTest, BadImagesAreCountedOnceEach) {
  for (const int i : {1, 4}) Write(i, "no image");
  SampleReader reader = Make(OnBad::kLeaveOut);
  EXPECT_EQ(reader.bad_images().count, 0);
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (int i = 11; i >= 0; --i) {
      ASSERT_OK_AND_ASSIGN(const int64_t label, Read(reader, epoch, i));
      EXPECT_EQ(label, i == 1 || i == 4 ? -1 : i / 6);
      if (label < 0) {
        EXPECT_THAT(pixels_, Each(0));
      }
    }
  }
  EXPECT_EQ(reader.bad_images().count, 2);
  EXPECT_THAT(reader.bad_images().example, HasSubstr((folder_ / "0/b.png").string()));
}

TEST_F(SampleReaderTest, DamagedImagesAreReadAndCountedOnceEach) {
  for (const int i : {1, 4}) Write(i, WithoutEnd(EncodePng(MakePicture(kSize, kSize, i))));
  SampleReader reader = Make(OnBad::kFail);
  EXPECT_EQ(reader.damaged_images().count, 0);
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (int i = 11; i >= 0; --i) {
      ASSERT_OK_AND_ASSIGN(const int64_t label, Read(reader, epoch, i));
      EXPECT_EQ(label, i / 6);
      EXPECT_EQ(pixels_[0], MakePicture(kSize, kSize, i).pixels[0]);
    }
  }
  EXPECT_EQ(reader.damaged_images().count, 2);
  EXPECT_THAT(reader.damaged_images().example,
              AllOf(HasSubstr((folder_ / "0/b.png").string()), HasSubstr("a damaged PNG (")));
  EXPECT_EQ(reader.bad_images().count, 0);
}

TEST_F(SampleReaderTest, FilesBecomeGreyForOneChannelBeforeTheyAreTransformed) {
  const std::vector<std::string> transforms = {"horizontal_flip { probability: 1 }"};
  SampleReader reader(OpenImageFolder(folder_).value().images, Pipeline(transforms),
                      {.channels = 1, .size = Square(kSize)}, 1, OnBad::kFail);
  ASSERT_OK(Read(reader, 0, 7));
  const Image picture = MakePicture(kSize, kSize, 7);
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      const uint8_t* color = picture.row(y) + 3 * (kSize - 1 - x);
      const double luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
      ASSERT_NEAR(pixels_[y * kSize + x], luma, 0.51);
    }
  }
}

// What the message says is done by hand: ImageMagick is not part of this repository.
TEST_F(SampleReaderTest, PictureOfAnotherFormatIsReadOnceItIsConverted) {
  const fs::path original = folder_ / "0/c.webp", converted = folder_ / "0/c.png";
  fs::remove(converted);
  WriteTestFile(original, "RIFF....WEBP");
  SampleReader reader = Make(OnBad::kFail);
  EXPECT_THAT(Read(reader, 0, 2),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr(original.string() + ": a WebP"),
                          HasSubstr("'mogrify -format png FILE', and remove the original"))));
  WriteTestFile(converted, EncodePng(MakePicture(kSize, kSize)));
  fs::remove(original);
  SampleReader after = Make(OnBad::kFail);
  EXPECT_OK(Read(after, 0, 2));
}

TEST_F(SampleReaderTest, NothingGoodAtAllIsAnErrorEvenWhenSkipping) {
  for (int i = 0; i < 12; ++i) Write(i, "no image");
  SampleReader reader = Make(OnBad::kReplace);
  EXPECT_THAT(Read(reader, 0, 0),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("32 images drawn in its place")));
}

}  // namespace
}  // namespace vitrine
