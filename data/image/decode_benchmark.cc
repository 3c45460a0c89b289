// What an image costs on its way from a file to a model, on one core.

#include "benchmark/benchmark.h"
#include "data/image/decode.h"
#include "data/image/resample.h"
#include "data/image/testing.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr Size kTarget = {224, 224};

// The size of most pictures of ImageNet.
std::string Picture() { return EncodeJpeg(MakePicture(500, 375), 90); }

void BM_Decode(benchmark::State& state, Box box) {
  const std::string jpeg = Picture();
  Image image;
  for (auto _ : state) {
    auto encoded = EncodedImage::Open(jpeg);
    CHECK(encoded->Decode(box, kTarget, &image).ok());
    benchmark::DoNotOptimize(image.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(BM_Decode, whole, Box{0, 0, 500, 375})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Decode, part, Box{120, 80, 300, 220})->Unit(benchmark::kMicrosecond);

void BM_Resample(benchmark::State& state) {
  const Image picture = MakePicture(500, 375);
  const Filter filter = state.range(0) == 0 ? Filter::kBilinear : Filter::kBicubic;
  Image out;
  for (auto _ : state) {
    Resample(picture, {50, 20, 400, 300}, kTarget, filter, &out);
    benchmark::DoNotOptimize(out.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Resample)->ArgName("bicubic")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vitrine
