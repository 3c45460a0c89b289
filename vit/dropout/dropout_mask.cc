#include "vit/dropout/dropout_mask.h"

#include <algorithm>
#include <cstdint>

#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "base/tensors/device.h"
#include "glog/logging.h"
#include "vit/dropout/dropout_factors.h"
#include "vit/fused/cuda/kernels.h"
#include "vit/fused/cuda/launch.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine {
namespace {

constexpr int64_t kElementsAThread = 1 << 15;
constexpr int64_t kBlocks = 1024, kWarps = 8;  // on a GPU

void Fill(const DropoutFactors& factors, at::Tensor& mask) {
  float* to = mask.mutable_data_ptr<float>();
  const int64_t size = mask.numel();
  if (mask.is_cuda()) {
    fused::cuda::Launch(at::kFloat, {.blocks = kBlocks, .warps = kWarps},
                        fused::cuda::FillFactors{.size = size, .factors = factors, .to = to},
                        mask.device());
    return;
  }
  at::parallel_for(0, (size + 1) / 2, kElementsAThread / 2, [&](int64_t begin, int64_t end) {
    factors.Fill(2 * begin, std::min(2 * end, size) - 2 * begin, to + 2 * begin);
  });
}

}  // namespace

at::Tensor DropoutMask(at::IntArrayRef shape, double probability, const DropoutKey& key,
                       const at::TensorOptions& options) {
  const at::TensorOptions plain = options.requires_grad(false);
  if (options.device().is_cuda() && !fused::cuda::HasKernels()) {
    CHECK(key.place == nullptr) << "only kernels of ours read keys";
    const double keep = 1 - probability;
    return at::empty(shape, plain).bernoulli_(keep, SeededGenerator(options.device(), key.value)) /
           keep;
  }
  at::Tensor mask = at::empty(shape, plain.dtype(at::kFloat));
  Fill(DropoutFactors(probability, key), mask);
  return mask.to(plain.dtype());
}

}  // namespace vitrine
