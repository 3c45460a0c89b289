#include "vit/dropout_mask.h"

#include <cstdint>
#include <mutex>
#include <tuple>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"

namespace vitrine {
namespace {

constexpr int64_t kPairsAThread = 1 << 14;

void Fill(const DropoutFactors& factors, float* mask, int64_t size) {
  at::parallel_for(0, size / 2, kPairsAThread, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::tie(mask[2 * i], mask[2 * i + 1]) = factors.OfPair(i);
    }
  });
  if (size % 2 == 1) mask[size - 1] = factors.OfPair(size / 2).first;
}

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

at::Tensor DropoutMask(at::IntArrayRef shape, double probability, at::Generator generator,
                       const at::TensorOptions& options) {
  const double keep = 1 - probability;
  const at::TensorOptions plain = options.requires_grad(false);
  if (!options.device().is_cpu()) return at::empty(shape, plain).bernoulli_(keep, generator) / keep;
  at::Tensor mask = at::empty(shape, plain.dtype(at::kFloat));
  Fill({probability, DrawDropoutKey(generator)}, mask.data_ptr<float>(), mask.numel());
  return mask.to(plain.dtype());
}

}  // namespace vitrine
