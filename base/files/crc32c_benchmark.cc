#include <string>
#include <string_view>

#include "base/files/crc32c.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

void BM_Crc32c(benchmark::State& state, uint32_t (*function)(std::string_view, uint32_t)) {
  const std::string bytes(state.range(0), 'x');
  const uint32_t expected = Crc32cByTable(bytes);
  for (auto _ : state) CHECK_EQ(function(bytes, 0), expected);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// A short record, a small tensor, and more than a cache holds.
BENCHMARK_CAPTURE(BM_Crc32c, table, Crc32cByTable)->Arg(64)->Arg(64 << 10)->Arg(256 << 20);
BENCHMARK_CAPTURE(BM_Crc32c, chosen, Crc32c)->Arg(64)->Arg(64 << 10)->Arg(256 << 20);

}  // namespace
}  // namespace vitrine
