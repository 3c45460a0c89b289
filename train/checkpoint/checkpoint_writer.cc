#include "train/checkpoint/checkpoint_writer.h"

#include <optional>
#include <utility>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty_like.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

// Into the memory that is there from the checkpoint before.
void CopyInto(const TensorMap& from, TensorMap* to) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : from) {
    at::Tensor& copy = (*to)[name];
    if (!copy.defined()) copy = at::empty_like(tensor, at::kCPU).requires_grad_(false);
    copy.copy_(tensor);
  }
}

void CopyInto(const std::optional<TensorMap>& from, std::optional<TensorMap>* to) {
  if (!from) return to->reset();
  if (!*to) to->emplace();
  CopyInto(*from, &**to);
}

// Without making the folder: of a run that was removed nothing but checkpoints would come back.
absl::Status WriteIn(const std::filesystem::path& folder, const Checkpoint& checkpoint) {
  if (Exists(folder)) return WriteCheckpoint(folder, checkpoint);
  return absl::NotFoundError(absl::StrCat(folder.string(), ": the folder is no longer there"));
}

std::optional<int64_t> BestIteration(const CheckpointManifest& manifest) {
  if (!manifest.has_best()) return std::nullopt;
  return manifest.best().iteration();
}

}  // namespace

CheckpointWriter::CheckpointWriter(std::filesystem::path folder, const CheckpointConfig& config)
    : folder_(std::move(folder)), config_(config) {}

CheckpointWriter::~CheckpointWriter() { Finish().IgnoreError(); }

absl::Status CheckpointWriter::Write(const Checkpoint& checkpoint,
                                     std::function<absl::Status()> then) {
  RETURN_IF_ERROR(Finish());
  copy_.manifest = checkpoint.manifest;
  CopyInto(checkpoint.model, &copy_.model);
  CopyInto(checkpoint.optimizer, &copy_.optimizer);
  CopyInto(checkpoint.ema, &copy_.ema);
  CopyInto(checkpoint.swa, &copy_.swa);
  thread_ = std::thread([this, then = std::move(then)] {
    status_ = WriteIn(folder_, copy_);
    if (status_.ok() && then) status_ = then();
    if (status_.ok()) status_ = SweepCheckpoints(folder_, config_, BestIteration(copy_.manifest));
  });
  return absl::OkStatus();
}

absl::Status CheckpointWriter::Finish() {
  if (thread_.joinable()) thread_.join();
  return std::exchange(status_, absl::OkStatus());
}

}  // namespace vitrine
