#include "base/tensors/tensor_map.h"

#include <vector>

#include "ATen/core/grad_mode.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

std::string ShapeText(const at::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

std::vector<std::string> Differences(const TensorMap& from, const TensorMap& to) {
  std::vector<std::string> differences;
  for (const auto& [name, tensor] : to) {
    const auto found = from.find(name);
    if (found == from.end()) {
      differences.push_back(absl::StrCat("no tensor ", name));
    } else if (found->second.sizes() != tensor.sizes()) {
      differences.push_back(absl::StrCat(name, " has shape ", ShapeText(found->second),
                                         " instead of ", ShapeText(tensor)));
    } else if (found->second.is_floating_point() != tensor.is_floating_point()) {
      differences.push_back(absl::StrCat(name, " holds ",
                                         c10::toString(found->second.scalar_type()), " instead of ",
                                         c10::toString(tensor.scalar_type())));
    }
  }
  for (const auto& [name, tensor] : from) {
    if (to.count(name) == 0) differences.push_back(absl::StrCat("unknown tensor ", name));
  }
  return differences;
}

}  // namespace

absl::Status CheckSameTensors(const TensorMap& from, const TensorMap& to) {
  const std::vector<std::string> differences = Differences(from, to);
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(differences, "; "));
}

absl::Status CopyTensors(const TensorMap& from, const TensorMap& to) {
  RETURN_IF_ERROR(CheckSameTensors(from, to));
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : to) tensor.copy_(from.at(name));
  return absl::OkStatus();
}

}  // namespace vitrine
