// A model of ONNX as a file.

#ifndef VIT_EXPORT_ONNX_FILE_H_
#define VIT_EXPORT_ONNX_FILE_H_

#include <cstdint>
#include <filesystem>

#include "absl/status/statusor.h"
#include "vit/export/onnx_graph.h"

namespace vitrine {

// What a file holds besides the weights has room in the rest of the 2^31 bytes that it may have.
constexpr int64_t kMostInside = 2'000'000'000;

// Writes the model with its weights, whole or not at all. Where they are more than `most_inside`
// bytes, those that count are in a file of their own beside it, OnnxDataPath, which must stay
// there; returns whether. Equal models give equal bytes. AlreadyExists if either is there.
absl::StatusOr<bool> WriteOnnx(OnnxModel model, const std::filesystem::path& path,
                               int64_t most_inside = kMostInside);

// path.data
std::filesystem::path OnnxDataPath(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // VIT_EXPORT_ONNX_FILE_H_
