#include "vit/dropout_mask.h"

#include <cstdint>
#include <mutex>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "base/random.h"

namespace vitrine {
namespace {

constexpr int64_t kPairsAThread = 1 << 14;

uint64_t DrawKey(at::Generator& generator) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return at::check_generator<at::CPUGeneratorImpl>(generator)->random64();
}

// `keep` is below 1, so its 32 bits do not overflow.
void Fill(uint64_t key, double keep, float* mask, int64_t size) {
  const auto threshold = static_cast<uint32_t>(keep * 0x1p32);
  const auto kept = static_cast<float>(1 / keep);
  const auto value = [=](uint64_t bits) {
    return static_cast<uint32_t>(bits) < threshold ? kept : 0.0F;
  };
  at::parallel_for(0, size / 2, kPairsAThread, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint64_t bits = StreamValue(key, i + 1);
      mask[2 * i] = value(bits);
      mask[2 * i + 1] = value(bits >> 32);
    }
  });
  if (size % 2 == 1) mask[size - 1] = value(StreamValue(key, size / 2 + 1));
}

}  // namespace

at::Tensor DropoutMask(at::IntArrayRef shape, double probability, at::Generator generator,
                       const at::TensorOptions& options) {
  const double keep = 1 - probability;
  const at::TensorOptions plain = options.requires_grad(false);
  if (!options.device().is_cpu()) return at::empty(shape, plain).bernoulli_(keep, generator) / keep;
  at::Tensor mask = at::empty(shape, plain.dtype(at::kFloat));
  Fill(DrawKey(generator), keep, mask.data_ptr<float>(), mask.numel());
  return mask.to(plain.dtype());
}

}  // namespace vitrine
