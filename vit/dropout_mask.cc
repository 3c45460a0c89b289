#include "vit/dropout_mask.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "base/random.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine {
namespace {

constexpr int64_t kElementsAThread = 1 << 15;
constexpr int64_t kElementsATime = 256;

}  // namespace

uint64_t DrawDropoutKey(at::Generator& generator) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return at::check_generator<at::CPUGeneratorImpl>(generator)->random64();
}

// The share that is kept is below 1, so its 32 bits do not overflow.
DropoutFactors::DropoutFactors(double probability, uint64_t key)
    : key_(key),
      threshold_(static_cast<uint32_t>((1 - probability) * 0x1p32)),
      kept_(static_cast<float>(1 / (1 - probability))) {}

// Numbers first and their comparison after, in two loops that the compiler makes vectors of.
void DropoutFactors::Fill(int64_t begin, int64_t size, float* factors) const {
  const uint64_t key = key_;  // which no store can change, unlike a member
  const uint32_t threshold = threshold_;
  const float kept = kept_;
  std::array<uint64_t, kElementsATime / 2> numbers;
  std::array<uint32_t, kElementsATime> halves;
  for (int64_t done = 0; done < size; done += kElementsATime) {
    const int64_t count = std::min(kElementsATime, size - done);
    const int64_t first = (begin + done) / 2 + 1;
    for (int64_t i = 0; i < (count + 1) / 2; ++i) numbers[i] = StreamValue(key, first + i);
    std::memcpy(halves.data(), numbers.data(), sizeof(halves));
    for (int64_t i = 0; i < count; ++i) {
      factors[done + i] = halves[i] < threshold ? kept : 0.0F;
    }
  }
}

at::Tensor DropoutMask(at::IntArrayRef shape, double probability, at::Generator generator,
                       const at::TensorOptions& options) {
  const double keep = 1 - probability;
  const at::TensorOptions plain = options.requires_grad(false);
  if (!options.device().is_cpu()) return at::empty(shape, plain).bernoulli_(keep, generator) / keep;
  const DropoutFactors factors(probability, DrawDropoutKey(generator));
  at::Tensor mask = at::empty(shape, plain.dtype(at::kFloat));
  float* to = mask.data_ptr<float>();
  const int64_t pairs = (mask.numel() + 1) / 2;
  at::parallel_for(0, pairs, kElementsAThread / 2, [&](int64_t begin, int64_t end) {
    factors.Fill(2 * begin, std::min(2 * end, mask.numel()) - 2 * begin, to + 2 * begin);
  });
  return mask.to(plain.dtype());
}

}  // namespace vitrine
