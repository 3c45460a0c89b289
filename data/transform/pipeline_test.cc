#include "data/transform/pipeline.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/files/crc32c.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "data/image/decode.h"
#include "data/image/resample.h"
#include "data/image/testing.h"
#include "data/transform/auto_augment.h"
#include "data/transform/color.h"
#include "data/transform/framing.h"
#include "data/transform/policy.h"
#include "data/transform/testing.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kSide = 64;
constexpr Color kColor = {124, 116, 104};

// All that there is, often enough that each draw is of effect in some of a few pictures.
const std::vector<std::string> kEverything = {"random_resized_crop {}",
                                              "pad_and_crop {}",
                                              "horizontal_flip {}",
                                              "color_jitter { brightness: 0.4 contrast: 0.4 "
                                              "saturation: 0.4 hue: 0.1 }",
                                              "rand_augment {}",
                                              "trivial_augment_wide {}",
                                              "random_erasing {}"};

const std::vector<std::vector<std::string>> kFramings = {
    {"resize_and_center_crop {}"},
    {"random_resized_crop {}"},
    {"resize { shorter_side: 80 }", "random_resized_crop {}"}};

// The transforms that came later.
const std::vector<std::string> kLater = {"random_resized_crop {}", "auto_augment {}",
                                         "auto_augment { policy: CIFAR10 }",
                                         "auto_augment { policy: SVHN }"};

TransformConfigs Configs(const std::vector<std::string>& texts) {
  TransformConfigs transforms;
  for (const std::string& text : texts) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, transforms.Add())) << text;
  }
  return transforms;
}

TransformPipeline Pipeline(const std::vector<std::string>& texts, int size = kSide) {
  auto pipeline = TransformPipeline::Create(Configs(texts), Square(size), kColor);
  EXPECT_OK(pipeline);
  return *std::move(pipeline);
}

RandomStream Stream(uint64_t index) { return RandomStream(1, "transform", 0, index); }

absl::Status Apply(const TransformPipeline& pipeline, const Image& picture, uint64_t index,
                   TransformPipeline::Scratch* scratch, Image* out) {
  return pipeline.Apply(picture, Stream(index), scratch, out);
}

absl::Status Apply(const TransformPipeline& pipeline, const std::string& file, uint64_t index,
                   TransformPipeline::Scratch* scratch, Image* out) {
  ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(file));
  return pipeline.Apply(&encoded, Stream(index), scratch, out);
}

// Of an encoded image or of a picture.
template <typename Input>
Image Applied(const TransformPipeline& pipeline, const Input& input, uint64_t index = 0) {
  TransformPipeline::Scratch scratch;
  Image out;
  EXPECT_OK(Apply(pipeline, input, index, &scratch, &out));
  return out;
}

Image Decoded(const std::string& bytes) {
  Image image;
  auto encoded = EncodedImage::Open(bytes);
  EXPECT_OK(encoded->Decode(&image));
  return image;
}

TEST(PipelineTest, NothingToDoIsTheSamePicture) {
  const Image picture = MakePicture(kSide, kSide);
  EXPECT_EQ(LargestDifference(Applied(Pipeline({}), picture), picture), 0);
  EXPECT_EQ(LargestDifference(Applied(Pipeline({}), EncodePng(picture)), picture), 0);
  const TransformPipeline whole = Pipeline({"resize_and_center_crop { crop_fraction: 1 }"});
  EXPECT_EQ(LargestDifference(Applied(whole, picture), picture), 0);
}

// Only a part is decoded, in which regions lie elsewhere: a weight may be rounded otherwise.
TEST(PipelineTest, PartThatIsDecodedSuffices) {
  const std::vector<std::vector<std::string>> framings = {
      {"resize_and_center_crop {}"},
      {"resize_and_center_crop { filter: BICUBIC crop_fraction: 0.7 }"},
      {"random_resized_crop {}"},
      {"random_resized_crop { filter: BICUBIC }"}};
  for (const Size size : {Size{110, 83}, Size{70, 100}, Size{40, 30}}) {
    const std::string jpeg = EncodeJpeg(MakePicture(size.width, size.height), 90);
    const Image picture = Decoded(jpeg);
    for (const auto& framing : framings) {
      const TransformPipeline pipeline = Pipeline(framing);
      for (int i = 0; i < 10; ++i) {
        EXPECT_LE(LargestDifference(Applied(pipeline, jpeg, i), Applied(pipeline, picture, i)), 1)
            << framing[0];
      }
    }
  }
}

// What resize makes has more pixels than the model takes: a JPEG decoded at a fraction for the
// model would have lost its noise.
TEST(PipelineTest, PartThatIsDecodedSufficesForResize) {
  const std::string jpeg = EncodeJpeg(MakePicture(390, 260), 90);
  const Image picture = Decoded(jpeg);
  for (const std::string resize : {"{ shorter_side: 260 }", "{ shorter_side: 150 }",
                                   "{ shorter_side: 300 filter: BICUBIC }"}) {
    const TransformPipeline pipeline = Pipeline({"resize " + resize, "random_resized_crop {}"}, 24);
    for (int i = 0; i < 20; ++i) {
      EXPECT_LE(LargestDifference(Applied(pipeline, jpeg, i), Applied(pipeline, picture, i)), 2)
          << resize;
    }
  }
}

// The decoder halves it three times, in its own way; what comes out is the same picture all the
// same.
TEST(PipelineTest, LargeJpegsAreDecodedSmaller) {
  Image smooth;
  Resample(MakePicture(30, 20), {0, 0, 30, 20}, {1500, 1000}, Filter::kBicubic, &smooth);
  const std::string jpeg = EncodeJpeg(smooth, 95);
  const Image picture = Decoded(jpeg);
  for (const auto& framing : kFramings) {
    const TransformPipeline pipeline = Pipeline(framing);
    for (int i = 0; i < 5; ++i) {
      EXPECT_LE(LargestDifference(Applied(pipeline, jpeg, i), Applied(pipeline, picture, i)), 3);
    }
  }
}

TEST(PipelineTest, SeenIsThePartThatIsKept) {
  // 500 x 375: the shorter side becomes 73 and 64 of them are kept.
  const Region middle = Pipeline({"resize_and_center_crop {}"}).Seen({500, 375});
  EXPECT_NEAR(middle.width, 375 * 64 / 73.0, 1.5);
  EXPECT_NEAR(middle.height, 375 * 64 / 73.0, 1.5);
  EXPECT_NEAR(middle.x + middle.width / 2, 250, 3);
  EXPECT_NEAR(middle.y + middle.height / 2, 187.5, 3);
  EXPECT_EQ(Pipeline({}).Seen({64, 64}), (Region{0, 0, 64, 64}));
}

TEST(PipelineTest, OutIsTheSizeOfTheModel) {
  for (const Size size : {Size{1, 1}, Size{1, 300}, Size{300, 1}, Size{33, 47}}) {
    const std::string png = EncodePng(MakePicture(size.width, size.height));
    for (const auto& framing : kFramings) {
      for (const int side : {1, 32, 224}) {
        const Image out = Applied(Pipeline(framing, side), png);
        EXPECT_EQ(out.width, side);
        EXPECT_EQ(out.height, side);
      }
    }
  }
}

void ExpectEqualBytesOnAnyNumberOfThreads(const TransformPipeline& pipeline) {
  constexpr int kPictures = 40;
  const std::string jpeg = EncodeJpeg(MakePicture(150, 120), 90);
  std::vector<Image> alone;
  for (int i = 0; i < kPictures; ++i) alone.push_back(Applied(pipeline, jpeg, i));
  for (const int num_threads : {1, 2, 8}) {
    std::vector<Image> made(kPictures);
    std::atomic<int> next = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < num_threads; ++t) {
      threads.emplace_back([&] {
        TransformPipeline::Scratch scratch;
        for (int i = next++; i < kPictures; i = next++) {
          EXPECT_OK(Apply(pipeline, jpeg, i, &scratch, &made[i]));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < kPictures; ++i) EXPECT_EQ(LargestDifference(made[i], alone[i]), 0);
  }
}

TEST(PipelineTest, EqualStreamsGiveEqualBytesOnAnyNumberOfThreads) {
  ExpectEqualBytesOnAnyNumberOfThreads(Pipeline(kEverything));
  ExpectEqualBytesOnAnyNumberOfThreads(Pipeline(kLater));
  ExpectEqualBytesOnAnyNumberOfThreads(Pipeline(kFramings[2]));
}

uint32_t ChecksumOfPictures(const TransformPipeline& pipeline) {
  const Image picture = MakePicture(150, 120);
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    const Image out = Applied(pipeline, picture, i);
    bytes.append(out.pixels.begin(), out.pixels.end());
  }
  return Crc32c(bytes);
}

// Recorded: a saved run must go on with the same pictures in every later version.
TEST(PipelineTest, PicturesStayTheSameForEver) {
  EXPECT_EQ(ChecksumOfPictures(Pipeline(kEverything)), 3495115930u);
  EXPECT_EQ(ChecksumOfPictures(Pipeline(kLater)), 3548918126u);
  EXPECT_EQ(ChecksumOfPictures(Pipeline(kFramings[2])), 3392424078u);
}

TEST(PipelineTest, ScratchHoldsNothingOfThePictureBefore) {
  for (const auto& texts : {kEverything, kFramings[2]}) {
    const TransformPipeline pipeline = Pipeline(texts);
    TransformPipeline::Scratch scratch;
    for (int i = 0; i < 20; ++i) {
      const Image picture = MakePicture(20 + 13 * (i % 7), 90 - 8 * (i % 5), i);
      Image out;
      ASSERT_OK(Apply(pipeline, picture, i, &scratch, &out));
      EXPECT_EQ(LargestDifference(out, Applied(pipeline, picture, i)), 0);
    }
  }
}

// Pictures of 160 pixels are enlarged, of 300 reduced, of 200 kept.
TEST(PipelineTest, ResizeAndCropAreDoneOneAfterTheOther) {
  const TransformPipeline pipeline =
      Pipeline({"resize { shorter_side: 200 }", "random_resized_crop { filter: BICUBIC }"});
  for (const int shorter : {160, 200, 300}) {
    const Image picture = MakePicture(shorter, shorter * 5 / 4);
    Image resized;
    Resample(picture, {0, 0, 1.0 * picture.width, 1.0 * picture.height}, {200, 250},
             Filter::kBilinear, &resized);
    for (int i = 0; i < 10; ++i) {
      RandomStream random = Stream(i);
      const Framing crop =
          PartFraming(DrawCropBox({200, 250}, RandomResizedCrop(), &random), Square(kSide));
      Image expected;
      Resample(resized, crop.region, {kSide, kSide}, Filter::kBicubic, &expected);
      EXPECT_LE(LargestDifference(Applied(pipeline, picture, i), expected), 1) << shorter;
    }
  }
}

TEST(PipelineTest, CropOfTheModelsSizeIsNotResizedTwice) {
  const Image picture = MakePicture(kSide, kSide);
  const TransformPipeline pipeline =
      Pipeline({"resize { shorter_side: 64 }",
                "random_resized_crop { min_area: 1 min_aspect: 1 max_aspect: 1 }"});
  EXPECT_EQ(LargestDifference(Applied(pipeline, picture), picture), 0);
}

TEST(PipelineTest, GreyPicturesAreResizedToo) {
  Image grey = MakePicture(70, 50);
  AdjustSaturation(0, &grey);
  const Image out = Applied(Pipeline(kFramings[2]), EncodeJpeg(grey, 95));
  for (size_t i = 0; i < out.pixels.size(); i += 3) EXPECT_EQ(out.pixels[i], out.pixels[i + 2]);
}

TEST(PipelineTest, ResizeRefusesWhatWouldBecomeTooLarge) {
  const TransformPipeline pipeline = Pipeline({"resize {}", "random_resized_crop {}"});
  TransformPipeline::Scratch scratch;
  Image out;
  EXPECT_OK(Apply(pipeline, MakePicture(2048, 1), 0, &scratch, &out));
  EXPECT_THAT(Apply(pipeline, MakePicture(1, 2049), 0, &scratch, &out),
              Fails(absl::StatusCode::kInvalidArgument,
                    "a picture of 1 x 2049 pixels, of which resize makes 256 x 524544, more than "
                    "the 134217728 that are allowed"));
  EXPECT_THAT(Apply(pipeline, EncodePng(MakePicture(60'000, 1)), 0, &scratch, &out),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("15360000 x 256")));
  const TransformPipeline largest =
      Pipeline({"resize { shorter_side: 4096 }", "random_resized_crop {}"});
  EXPECT_THAT(Apply(largest, MakePicture(2'000'000, 1), 0, &scratch, &out),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("8192000000 x 4096")));
}

TEST(PipelineTest, TransformsAreDoneInTheirOrder) {
  const Image picture = MakePicture(kSide, kSide);
  const std::string flip = "horizontal_flip { probability: 1 }";
  const std::string erase = "random_erasing { probability: 1 }";
  const Image erased_first = Applied(Pipeline({erase, flip}), picture);
  EXPECT_GT(LargestDifference(erased_first, Applied(Pipeline({flip, erase}), picture)), 0);
}

TEST(PipelineTest, FlipHappensAsOftenAsConfigured) {
  const Image picture = MakePicture(2, 2);
  const TransformPipeline pipeline = Pipeline({"horizontal_flip { probability: 0.3 }"}, 2);
  int flipped = 0;
  for (int i = 0; i < 10'000; ++i) {
    flipped += LargestDifference(Applied(pipeline, picture, i), picture) > 0;
  }
  // A standard deviation is 46; 3.3 of them are exceeded by one seed in 1,000; this one is fixed.
  EXPECT_NEAR(flipped, 3000, 3.3 * 46);
}

TEST(PipelineTest, EachPlaceOfPadAndCropIsEquallyLikely) {
  Image picture;
  picture.Resize(5, 5);
  picture.row(2)[6] = 200;  // one red pixel, in the middle
  const TransformPipeline pipeline = Pipeline({"pad_and_crop { padding: 2 }"}, 5);
  std::vector<int> places(25);
  for (int i = 0; i < 10'000; ++i) {
    const Image out = Applied(pipeline, picture, i);
    ++places[(std::find(out.pixels.begin(), out.pixels.end(), 200) - out.pixels.begin()) / 3];
  }
  // 24 degrees of freedom: 51.2 is exceeded by one seed in 1,000, and this seed is fixed.
  EXPECT_LT(ChiSquare(places), 51.2);
}

TEST(PipelineTest, JitterDrawsFactorsFromTheirRange) {
  const TransformPipeline pipeline = Pipeline({"color_jitter { brightness: 0.5 }"}, 1);
  Image grey;
  grey.Resize(1, 1);
  std::fill(grey.pixels.begin(), grey.pixels.end(), 100);
  std::vector<int> count(10);
  for (int i = 0; i < 10'000; ++i) {
    const int value = Applied(pipeline, grey, i).pixels[0];
    ASSERT_GE(value, 50);
    ASSERT_LT(value, 150);
    ++count[(value - 50) / 10];
  }
  // 9 degrees of freedom: 27.9 is exceeded by one seed in 1,000, and this seed is fixed.
  EXPECT_LT(ChiSquare(count), 27.9);
}

// Brightness that clips and contrast do not commute; both orders come up.
TEST(PipelineTest, JitterHasBothOrders) {
  const Image picture = MakePicture(kSide, kSide);
  const TransformPipeline pipeline = Pipeline({"color_jitter { brightness: 1 contrast: 1 }"});
  int first[2] = {0, 0};
  for (int i = 0; i < 100; ++i) {
    RandomStream random = Stream(i);
    const uint64_t draws[3] = {random.Below(4), random.Below(3), random.Below(2)};
    std::array<int, 4> order = {0, 1, 2, 3};
    for (int k = 3; k > 0; --k) std::swap(order[k], order[draws[3 - k]]);
    const bool brightness_first =
        std::find(order.begin(), order.end(), 0) < std::find(order.begin(), order.end(), 1);
    const double a = 2 * random.Uniform(), b = 2 * random.Uniform();
    Image expected = picture;
    if (brightness_first) {
      AdjustBrightness(a, &expected);
      AdjustContrast(b, &expected);
    } else {
      AdjustContrast(a, &expected);
      AdjustBrightness(b, &expected);
    }
    EXPECT_EQ(LargestDifference(Applied(pipeline, picture, i), expected), 0);
    ++first[brightness_first];
  }
  // Fewer than 30 of 100 come up by chance for one seed in 30,000, and this seed is fixed.
  EXPECT_GT(std::min(first[0], first[1]), 30);
}

TEST(PipelineTest, OperationsOfAPolicyFollowOneAnother) {
  const Image picture = MakePicture(kSide, kSide);
  const TransformPipeline pipeline = Pipeline({"rand_augment { num_ops: 3 }"});
  for (int i = 0; i < 20; ++i) {
    RandomStream random = Stream(i);
    Image expected = picture, spare;
    for (int k = 0; k < 3; ++k) {
      Augment(DrawRandAugment({}, {kSide, kSide}, &random), &expected, &spare);
    }
    EXPECT_EQ(LargestDifference(Applied(pipeline, picture, i), expected), 0);
  }
}

TEST(PipelineTest, AutoAugmentDrawsFromItsPolicy) {
  const Image picture = MakePicture(kSide, kSide);
  const TransformPipeline pipeline = Pipeline({"auto_augment { policy: SVHN }"});
  for (int i = 0; i < 20; ++i) {
    RandomStream random = Stream(i);
    Image expected = picture, spare;
    ApplyAutoAugment(AutoAugment::SVHN, DrawAutoAugment(AutoAugment::SVHN, &random), &expected,
                     &spare);
    EXPECT_EQ(LargestDifference(Applied(pipeline, picture, i), expected), 0);
  }
}

TEST(PipelineTest, ErasingPaintsItsColor) {
  const Image picture = MakePicture(kSide, kSide);
  const TransformPipeline pipeline =
      Pipeline({"random_erasing { probability: 1 min_area: 0.2 max_area: 0.2 }"});
  const Image out = Applied(pipeline, picture);
  int painted = 0;
  for (size_t i = 0; i < out.pixels.size(); i += 3) {
    painted += std::equal(kColor.begin(), kColor.end(), &out.pixels[i]);
  }
  EXPECT_NEAR(painted, 0.2 * kSide * kSide, 0.01 * kSide * kSide);
}

TEST(PipelineTest, OtherSizeWithoutFramingNamesBothAndTheRemedy) {
  const TransformPipeline pipeline = Pipeline({"horizontal_flip {}"});
  TransformPipeline::Scratch scratch;
  Image out;
  const Image picture = MakePicture(50, 40);
  const auto names_all =
      Fails(absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("50 x 40"), HasSubstr("64 x 64"), HasSubstr("random_resized_crop")));
  EXPECT_THAT(Apply(pipeline, picture, 0, &scratch, &out), names_all);
  EXPECT_THAT(Apply(pipeline, EncodePng(picture), 0, &scratch, &out), names_all);
}

TEST(PipelineTest, DamagedImagesAreRefused) {
  const std::string jpeg = EncodeJpeg(MakePicture(100, 100), 90);
  TransformPipeline::Scratch scratch;
  Image out;
  for (const auto& texts : {std::vector<std::string>{"random_resized_crop {}"}, {}}) {
    const TransformPipeline pipeline = Pipeline(texts, 100);
    // The header and a few rows are good; then comes a marker that is none.
    EXPECT_THAT(Apply(pipeline, jpeg.substr(0, 900) + "\xff\x02\xff\xd9", 0, &scratch, &out),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("JPEG")));
  }
}

TEST(PipelineTest, WrongConfigsAreRefusedWithAllProblems) {
  EXPECT_THAT(TransformPipeline::Create(Configs({"horizontal_flip { probability: 2 }", ""}),
                                        Square(kSide), kColor),
              Fails(absl::StatusCode::kInvalidArgument,
                    "transforms[0].horizontal_flip.probability: must be from 0 to 1, is 2; "
                    "transforms[1]: must name a transform"));
}

}  // namespace
}  // namespace vitrine
