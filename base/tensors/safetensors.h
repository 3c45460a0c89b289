// Tensors in a file, in Hugging Face's safetensors format: eight bytes of header length, a JSON
// header of names, types, shapes and offsets, then the numbers. No code is ever run by reading one,
// and the reader takes its input to be hostile: every length, offset, type and shape is checked.
// Format: https://github.com/huggingface/safetensors#format
//
//   ASSIGN_OR_RETURN(const FileDigest digest, WriteSafetensors(path, {{"head.weight", weight}}));
//   ASSIGN_OR_RETURN(const TensorMap tensors, ReadSafetensors(path));

#ifndef BASE_TENSORS_SAFETENSORS_H_
#define BASE_TENSORS_SAFETENSORS_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"

namespace vitrine {

struct FileDigest {
  uint64_t size = 0;  // bytes
  uint32_t crc32c = 0;
};

// Of the format's own entry __metadata__, which readers here pass over.
using SafetensorsMetadata = std::map<std::string, std::string>;

// Writes and syncs the file, not atomically. Tensors may lie on any device and in any layout; types
// are those of ParseSafetensors, any other is a broken invariant.
absl::StatusOr<FileDigest> WriteSafetensors(const std::filesystem::path& path,
                                            const TensorMap& tensors,
                                            const SafetensorsMetadata& metadata = {});

// Tensors on the CPU. They lie in the memory of `bytes`, which each of them keeps, but for those
// that a file of others begins at an odd place. Types: F64, F32, F16, BF16, I64, I32, U8, BOOL.
absl::StatusOr<TensorMap> ParseSafetensors(std::string bytes);

absl::StatusOr<TensorMap> ReadSafetensors(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // BASE_TENSORS_SAFETENSORS_H_
