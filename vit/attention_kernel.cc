#include "vit/attention_kernel.h"

#include "ATen/SDPBackend.h"
#include "ATen/ops/_fused_sdp_choice.h"
#include "ATen/ops/empty.h"
#include "glog/logging.h"
#include "vit/config.h"

namespace vitrine {

std::string_view AttentionKernel(const ModelConfig& config, int64_t batch_size,
                                 const at::TensorOptions& options) {
  const at::Tensor heads = at::empty({batch_size, SequenceLength(config), config.heads(),
                                      config.width() / config.heads()},
                                     options)
                               .transpose(1, 2)
                               .requires_grad_();
  switch (static_cast<at::SDPBackend>(at::_fused_sdp_choice(heads, heads, heads))) {
    case at::SDPBackend::flash_attention:
      return "flash";
    case at::SDPBackend::cudnn_attention:
      return "cuDNN";
    case at::SDPBackend::efficient_attention:
      return "memory-efficient";
    case at::SDPBackend::math:
    case at::SDPBackend::overrideable:
      return "unfused";
    case at::SDPBackend::error:
      break;
  }
  LOG(FATAL) << "libtorch has no kernel for attention of " << heads.sizes();
}

}  // namespace vitrine
