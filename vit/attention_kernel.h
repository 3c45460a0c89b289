// Which kernel libtorch's scaled_dot_product_attention takes.

#ifndef VIT_ATTENTION_KERNEL_H_
#define VIT_ATTENTION_KERNEL_H_

#include <cstdint>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "vit/model.pb.h"

namespace vitrine {

// For people: "flash", "cuDNN", "memory-efficient" or "unfused". For such a model, batches of such
// a size, operands of the options' type on their device, and gradients.
std::string_view AttentionKernel(const ModelConfig& config, int64_t batch_size,
                                 const at::TensorOptions& options);

}  // namespace vitrine

#endif  // VIT_ATTENTION_KERNEL_H_
