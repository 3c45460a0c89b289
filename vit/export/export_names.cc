#include "vit/export/export_names.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// A layer of ours whose rows others keep in several.
struct Packed {
  std::string_view whole;
  std::vector<std::string_view> parts;
};

const std::vector<Packed>& PackedLayers() {
  static const auto* const layers = new std::vector<Packed>{
      {".qkv.", {".query.", ".key.", ".value."}}, {".hidden.", {".gate.", ".up."}}};
  return *layers;
}

class Namer {
 public:
  Namer(const Family& family, std::string_view prefix, const ModelConfig& config)
      : family_(family), prefix_(prefix), config_(config) {}

  // Adds the tensor under its name, or in parts.
  absl::Status Add(const std::string& ours, const at::Tensor& tensor, TensorMap* named) const {
    if (const auto theirs = TheirName(ours)) {
      named->emplace(*theirs, tensor);
      return absl::OkStatus();
    }
    for (const Packed& packed : PackedLayers()) {
      if (absl::StrContains(ours, packed.whole)) return AddParts(packed, ours, tensor, named);
    }
    return absl::FailedPreconditionError(
        absl::StrCat(ours, ": a model of ", family_.name, " has no such tensor"));
  }

 private:
  bool IsWritten(Written written) const {
    switch (written) {
      case Written::kAlways:
        return true;
      case Written::kDistilled:
        return config_.distillation_token();
      case Written::kGated:
        return config_.activation() == ModelConfig::SWIGLU;
      case Written::kNever:
        return false;
    }
    return false;
  }

  std::optional<std::string> TheirName(std::string_view ours) const {
    std::optional<std::string> last;
    for (const Rename& rename : family_.renames) {
      if (!IsWritten(rename.written)) continue;
      if (auto theirs = Renamed(ours, rename.ours, rename.theirs)) last = std::move(theirs);
    }
    if (last && !IsHead(ours)) last->insert(0, prefix_);
    return last;
  }

  absl::Status AddParts(const Packed& packed, const std::string& ours, const at::Tensor& tensor,
                        TensorMap* named) const {
    const std::vector<at::Tensor> rows =
        tensor.chunk(static_cast<int64_t>(packed.parts.size()), /*dim=*/0);
    for (size_t i = 0; i < packed.parts.size(); ++i) {
      std::string part = ours;
      part.replace(part.find(packed.whole), packed.whole.size(), packed.parts[i]);
      const auto theirs = TheirName(part);
      if (!theirs) {
        return absl::FailedPreconditionError(
            absl::StrCat(ours, ": a model of ", family_.name, " has no such tensor"));
      }
      named->emplace(*theirs, rows[i]);
    }
    return absl::OkStatus();
  }

  const Family& family_;
  const std::string_view prefix_;
  const ModelConfig& config_;
};

}  // namespace

absl::StatusOr<TensorMap> NameTensors(const Family& family, std::string_view prefix,
                                      const ModelConfig& config, const TensorMap& tensors) {
  const Namer namer(family, prefix, config);
  TensorMap named;
  for (const auto& [ours, tensor] : tensors) {
    RETURN_IF_ERROR(namer.Add(ours, tensor, &named));
  }
  return named;
}

}  // namespace vitrine
