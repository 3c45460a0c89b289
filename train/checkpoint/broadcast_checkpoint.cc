#include "train/checkpoint/broadcast_checkpoint.h"

#include <string>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty_like.h"
#include "base/parallel/agreement.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

absl::Status BroadcastTensors(ProcessGroup* group, TensorMap* tensors) {
  for (auto& [name, tensor] : *tensors) {
    tensor = group->rank() == 0
                 ? tensor.detach().to(at::kCPU).contiguous()
                 : at::empty_like(tensor, at::TensorOptions(at::kCPU).requires_grad(false),
                                  at::MemoryFormat::Contiguous);
    RETURN_IF_ERROR(group->Broadcast(tensor, /*root=*/0));
  }
  return absl::OkStatus();
}

// Sums of weights, which a run that begins has none of.
TensorMap LikeSums(const TensorMap& model) {
  TensorMap sums;
  for (const auto& [name, tensor] : model) {
    sums.emplace(name, at::empty_like(tensor, at::TensorOptions(at::kDouble).requires_grad(false)));
  }
  return sums;
}

}  // namespace

absl::Status BroadcastCheckpoint(ProcessGroup* group, Checkpoint* checkpoint) {
  if (group->size() == 1) return absl::OkStatus();
  const at::NoGradGuard no_grad;
  ASSIGN_OR_RETURN(const std::string manifest,
                   FromRankZero(group, [&] { return checkpoint->manifest.SerializeAsString(); }));
  CHECK(checkpoint->manifest.ParseFromString(manifest));
  if (checkpoint->manifest.swa_count() == 0) {
    checkpoint->swa.reset();
  } else if (!checkpoint->swa) {
    checkpoint->swa = LikeSums(checkpoint->model);
  }
  RETURN_IF_ERROR(BroadcastTensors(group, &checkpoint->model));
  for (std::optional<TensorMap>* tensors :
       {&checkpoint->optimizer, &checkpoint->ema, &checkpoint->swa}) {
    if (*tensors) RETURN_IF_ERROR(BroadcastTensors(group, &**tensors));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
