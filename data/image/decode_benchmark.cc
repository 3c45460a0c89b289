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

void BM_DecodeWhole(benchmark::State& state) {
  const std::string jpeg = Picture();
  Image image;
  for (auto _ : state) {
    auto encoded = EncodedImage::Open(jpeg);
    CHECK(encoded->Decode(&image).ok());
    benchmark::DoNotOptimize(image.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DecodeWhole)->Unit(benchmark::kMicrosecond);

void BM_DecodeBox(benchmark::State& state) {
  const std::string jpeg = Picture();
  Image image;
  for (auto _ : state) {
    auto encoded = EncodedImage::Open(jpeg);
    CHECK(encoded->Decode({120, 80, 300, 220}, kTarget, &image).ok());
    benchmark::DoNotOptimize(image.pixels.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DecodeBox)->Unit(benchmark::kMicrosecond);

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
