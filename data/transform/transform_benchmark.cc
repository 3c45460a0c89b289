// What an image costs on its way from a file to a model, and each operation on it, on one core.

#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "data/image/decode.h"
#include "data/image/jpeg.h"
#include "data/image/testing.h"
#include "data/transform/color.h"
#include "data/transform/geometry.h"
#include "data/transform/pipeline.h"
#include "data/transform/policy.h"
#include "glog/logging.h"
#include "google/protobuf/text_format.h"

namespace vitrine {
namespace {

constexpr int kSide = 224;

void BM_Pipeline(benchmark::State& state, const std::vector<std::string>& texts) {
  TransformConfigs transforms;
  for (const std::string& text : texts) {
    CHECK(google::protobuf::TextFormat::ParseFromString(text, transforms.Add()));
  }
  const auto pipeline = TransformPipeline::Create(transforms, Square(kSide), {124, 116, 104});
  CHECK(pipeline.ok()) << pipeline.status();
  // The size of most pictures of ImageNet.
  const std::string jpeg = EncodeJpeg(MakePicture(500, 375), 90);
  TransformPipeline::Scratch scratch;
  Image out;
  uint64_t index = 0;
  for (auto _ : state) {
    const RandomStream random(1, "transform", 0, index++);
    auto encoded = EncodedImage::Open(jpeg);
    CHECK(pipeline->Apply(&*encoded, random, &scratch, &out).ok());
    benchmark::DoNotOptimize(out.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Pipeline, crop_flip, {"random_resized_crop {}", "horizontal_flip {}"})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Pipeline, crop_flip_rand_augment,
                  {"random_resized_crop {}", "horizontal_flip {}", "rand_augment {}"})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Pipeline, crop_flip_auto_augment,
                  {"random_resized_crop {}", "horizontal_flip {}", "auto_augment {}"})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Pipeline, resize_crop_flip,
                  {"resize {}", "random_resized_crop {}", "horizontal_flip {}"})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Pipeline, center_crop, std::vector<std::string>{"resize_and_center_crop {}"})
    ->Unit(benchmark::kMicrosecond);

void BM_Augment(benchmark::State& state, Operation operation) {
  const double magnitude = RandAugmentMagnitude(operation, 9, 31, {kSide, kSide});
  Image image = MakePicture(kSide, kSide), spare;
  for (auto _ : state) {
    Augment({operation, magnitude}, &image, &spare);
    benchmark::DoNotOptimize(image.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Augment, shear_x, Operation::kShearX)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, translate_x, Operation::kTranslateX)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, rotate, Operation::kRotate)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, brightness, Operation::kBrightness)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, color, Operation::kColor)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, contrast, Operation::kContrast)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, sharpness, Operation::kSharpness)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, posterize, Operation::kPosterize)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, solarize, Operation::kSolarize)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, invert, Operation::kInvert)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, autocontrast, Operation::kAutoContrast)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Augment, equalize, Operation::kEqualize)->Unit(benchmark::kMicrosecond);

void BM_Hue(benchmark::State& state) {
  Image image = MakePicture(kSide, kSide);
  for (auto _ : state) {
    AdjustHue(0.1, &image);
    benchmark::DoNotOptimize(image.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Hue)->Unit(benchmark::kMicrosecond);

void BM_Flip(benchmark::State& state) {
  Image image = MakePicture(kSide, kSide);
  for (auto _ : state) {
    FlipHorizontally(&image);
    benchmark::DoNotOptimize(image.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Flip)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vitrine
