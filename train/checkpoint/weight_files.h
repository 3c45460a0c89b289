// Weights as other packages keep them: a safetensors file, or a folder of it that may be in parts.

#ifndef TRAIN_CHECKPOINT_WEIGHT_FILES_H_
#define TRAIN_CHECKPOINT_WEIGHT_FILES_H_

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"

namespace vitrine {

// Whether the path is such a file or folder, or weights of a kind that ReadWeightFiles refuses, and
// no checkpoint of ours.
bool IsWeightFiles(const std::filesystem::path& path);

// Every tensor. Files that an index names lie in its folder. Pickles, which run code when they are
// read, are refused with the command that converts them.
absl::StatusOr<TensorMap> ReadWeightFiles(const std::filesystem::path& path);

// The file of each tensor, beside the index.
using WeightIndex = std::map<std::string, std::string>;

// Of model.safetensors.index.json; `name` stands in errors.
absl::StatusOr<WeightIndex> ParseWeightIndex(std::string_view json, std::string_view name);

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_WEIGHT_FILES_H_
