// What it costs to get images of the size of ImageNet's out of Parquet, on one core, from memory
// that the system has cached. In order, a row group is decoded once for all its images; at random,
// with a cache that has room for few of them, once for most images.

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "benchmark/benchmark.h"
#include "data/source/parquet/parquet.h"
#include "data/source/parquet/parquet_testing.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int64_t kImages = 1000;
constexpr size_t kImageBytes = 110'000;

// Noise, which compresses as little as a JPEG does. Files of the same rows and another size of
// groups have names of their own.
std::filesystem::path File(int64_t rows_per_group) {
  const char* folder = std::getenv("TEST_TMPDIR");
  const auto path = std::filesystem::path(folder != nullptr ? folder : "/tmp") /
                    absl::StrCat("parquet_benchmark_", rows_per_group, ".parquet");
  std::vector<ParquetRow> rows(kImages);
  for (int64_t i = 0; i < kImages; ++i) {
    RandomStream random(1, "image", i);
    rows[i].image.resize(kImageBytes);
    for (size_t at = 0; at + sizeof(uint64_t) <= kImageBytes; at += sizeof(uint64_t)) {
      const uint64_t noise = random();
      std::memcpy(&rows[i].image[at], &noise, sizeof(noise));
    }
  }
  WriteTestParquet(path, {"class"}, rows, rows_per_group);
  return path;
}

// Random reads jump; those in order come round again, past what is kept.
void BM_Read(benchmark::State& state, bool at_random) {
  const std::array<std::filesystem::path, 1> files = {File(state.range(0))};
  const auto set = OpenParquet(files, {}, int64_t{16} << 20);
  CHECK(set.ok()) << set.status();
  RandomStream order(1, "order");
  int64_t next = 0;
  for (auto _ : state) {
    const int64_t index = at_random ? static_cast<int64_t>(order.Below(kImages)) : next;
    next = (next + 1) % kImages;
    const auto image = set->images->Read(index);
    CHECK_EQ(std::get<EncodedBytes>(*image).bytes.size(), kImageBytes);
  }
  state.SetItemsProcessed(state.iterations());
  std::filesystem::remove(files[0]);
}
BENCHMARK_CAPTURE(BM_Read, in_order, false)
    ->ArgName("rows_per_group")
    ->Arg(10)
    ->Arg(100)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Read, at_random, true)
    ->ArgName("rows_per_group")
    ->Arg(10)
    ->Arg(100)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vitrine
