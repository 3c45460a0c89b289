#include "vit/import/rename.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/isfinite.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

// The largest error still read by a person.
constexpr size_t kMostNamed = 5;

// Of a family, after those of torch.compile and of a model that is trained in parallel.
std::string_view WithoutPrefix(const Family& family, std::string_view name) {
  while (absl::ConsumePrefix(&name, "module.") || absl::ConsumePrefix(&name, "_orig_mod.")) {
  }
  for (const std::string_view prefix : family.prefixes) {
    if (absl::ConsumePrefix(&name, prefix)) break;
  }
  return name;
}

std::optional<std::string> OurName(const Family& family, std::string_view theirs) {
  for (const Rename& rename : family.renames) {
    if (auto ours = Renamed(theirs, rename.theirs, rename.ours)) return ours;
  }
  return std::nullopt;
}

// Layers of the same input as one, one below the other, where they are apart.
absl::Status Pack(const std::vector<std::string_view>& parts, std::string_view whole,
                  TensorMap* tensors) {
  std::vector<std::string> first;
  for (const auto& [name, tensor] : *tensors) {
    if (absl::StrContains(name, parts[0])) first.push_back(name);
  }
  for (const std::string& name : first) {
    const auto named = [&](std::string_view part) {
      std::string other = name;
      return other.replace(other.find(parts[0]), parts[0].size(), part);
    };
    std::vector<at::Tensor> packed;
    for (const std::string_view part : parts) {
      const auto found = tensors->find(named(part));
      if (found == tensors->end()) {
        return absl::FailedPreconditionError(absl::StrCat("no tensor for ", named(part)));
      }
      if (!packed.empty() && found->second.sizes() != packed[0].sizes()) {
        return absl::FailedPreconditionError(
            absl::StrCat(named(part), " has another shape than ", name));
      }
      packed.push_back(found->second);
      tensors->erase(found);
    }
    tensors->emplace(named(whole), at::concat(packed, 0));
  }
  return absl::OkStatus();
}

// vit-pytorch writes a class token of no tokens for a model without one.
void DropEmptyToken(TensorMap* tensors) {
  const auto found = tensors->find("class_token");
  if (found != tensors->end() && found->second.numel() == 0) tensors->erase(found);
}

// [1, n, D] of tokens and positions, which some leave without the first dimension.
void AddBatchDimension(TensorMap* tensors) {
  for (const char* name :
       {"class_token", "distillation_token", "register_tokens", "position_embedding"}) {
    const auto found = tensors->find(name);
    if (found == tensors->end()) continue;
    at::Tensor& tensor = found->second;
    while (tensor.dim() < 3) tensor = tensor.unsqueeze(0);
  }
}

absl::Status Complain(const std::vector<std::string>& names, std::string_view about) {
  if (names.empty()) return absl::OkStatus();
  const size_t shown = std::min(names.size(), kMostNamed);
  std::string list = absl::StrJoin(names.begin(), names.begin() + shown, ", ");
  if (shown < names.size()) absl::StrAppend(&list, " and ", names.size() - shown, " more");
  return absl::FailedPreconditionError(absl::StrCat(list, ": ", about));
}

}  // namespace

absl::StatusOr<const Family*> RecognizeFamily(const TensorMap& tensors) {
  for (const Family& family : Families()) {
    for (const auto& [name, tensor] : tensors) {
      const std::string_view bare = WithoutPrefix(family, name);
      if (std::count(family.marks.begin(), family.marks.end(), bare) > 0) return &family;
    }
  }
  std::vector<std::string_view> names;
  for (const Family& family : Families()) names.push_back(family.name);
  return absl::NotFoundError(absl::StrCat("the tensors are not those of a Vision Transformer of ",
                                          absl::StrJoin(names, ", ")));
}

absl::StatusOr<RenamedTensors> RenameTensors(const Family& family, const TensorMap& tensors) {
  RenamedTensors renamed;
  std::vector<std::string> unknown, not_finite, doubled;
  for (const auto& [name, tensor] : tensors) {
    const std::string_view bare = WithoutPrefix(family, name);
    if (std::count(family.unused.begin(), family.unused.end(), bare) > 0) {
      renamed.unused.push_back(name);
      continue;
    }
    const std::optional<std::string> ours = OurName(family, bare);
    if (!ours) {
      unknown.push_back(name);
      continue;
    }
    const at::Tensor floats = tensor.to(at::kFloat);
    if (!at::isfinite(floats).all().item<bool>()) not_finite.push_back(name);
    if (!renamed.tensors.emplace(*ours, floats).second) doubled.push_back(name);
  }
  RETURN_IF_ERROR(Complain(unknown, absl::StrCat("no part of a Vision Transformer of ", family.name,
                                                 " that is known here")));
  RETURN_IF_ERROR(Complain(not_finite, "holds numbers that are not finite"));
  RETURN_IF_ERROR(Complain(doubled, "another tensor has the same meaning"));
  RETURN_IF_ERROR(Pack({".query.", ".key.", ".value."}, ".qkv.", &renamed.tensors));
  RETURN_IF_ERROR(Pack({".gate.", ".up."}, ".hidden.", &renamed.tensors));
  DropEmptyToken(&renamed.tensors);
  AddBatchDimension(&renamed.tensors);
  return renamed;
}

}  // namespace vitrine
