// Every kernel by name, for each type of operands: the unit that is compiled.

#include "c10/util/BFloat16.h"
#include "c10/util/Half.h"
#include "vit/fused/cuda/add_norm_kernels.h"
#include "vit/fused/cuda/bias_gelu_kernels.h"
#include "vit/fused/cuda/device.h"
#include "vit/fused/cuda/kernels.h"

namespace vitrine::fused::cuda {

#define VITRINE_KERNEL_OF_EACH_TYPE(Name)                \
  VITRINE_KERNEL(Name##Float, Name, Run##Name<float>)    \
  VITRINE_KERNEL(Name##Half, Name, Run##Name<c10::Half>) \
  VITRINE_KERNEL(Name##BFloat16, Name, Run##Name<c10::BFloat16>)

VITRINE_KERNEL_OF_EACH_TYPE(AddNormForward)
VITRINE_KERNEL_OF_EACH_TYPE(AddNormBackward)
VITRINE_KERNEL_OF_EACH_TYPE(BiasGeluForward)
VITRINE_KERNEL_OF_EACH_TYPE(BiasGeluBackward)

// A thread takes two elements at a time.
__device__ void RunFillFactors(const FillFactors& p) {
  const int64_t apart = 2 * static_cast<int64_t>(gridDim.x) * blockDim.x * blockDim.y;
  const int64_t first =
      2 *
      ((static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x);
  for (int64_t i = first; i < p.size; i += apart) {
    float pair[2];
    p.factors.Pair(i, pair);
    p.to[i] = pair[0];
    if (i + 1 < p.size) p.to[i + 1] = pair[1];
  }
}

VITRINE_KERNEL(FillFactorsFloat, FillFactors, RunFillFactors)

}  // namespace vitrine::fused::cuda
