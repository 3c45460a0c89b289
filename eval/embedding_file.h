// Rows of numbers that stand for images, in a file that numpy or safetensors read, with the images'
// names. It is written as the rows come, so that no more than a batch of them is in memory, and
// appears whole or not at all.
//
//   ASSIGN_OR_RETURN(EmbeddingFile file, EmbeddingFile::Create("features.npy", names));
//   RETURN_IF_ERROR(file.Append(rows, indices));
//   RETURN_IF_ERROR(file.Commit());

#ifndef EVAL_EMBEDDING_FILE_H_
#define EVAL_EMBEDDING_FILE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/file_writer.h"

namespace vitrine {

class EmbeddingFile {
 public:
  // What the path's ending says:
  //   .npy          float32 [N, ...], and beside it F.txt with the names, a line each
  //   .safetensors  the tensor `features`, and in the header's metadata `files`, the names as JSON
  // InvalidArgument for another ending, and for names that are no lines or no UTF-8; AlreadyExists
  // if a file is there; FailedPrecondition if none can be.
  static absl::StatusOr<EmbeddingFile> Create(const std::filesystem::path& path,
                                              std::vector<std::string> names);

  // The next rows, float32 [B, ...], and which of the names are theirs, int64 [B], rising.
  absl::Status Append(const at::Tensor& rows, const at::Tensor& indices);

  // Puts the files in their places. Names without a row are left out of them. There is to be a row.
  absl::Status Commit();

  // [N, ...] so far.
  const std::vector<int64_t>& sizes() const { return sizes_; }

 private:
  EmbeddingFile(FileWriter numbers, std::optional<FileWriter> lines,
                std::vector<std::string> names);

  bool IsNpy() const { return lines_.has_value(); }

  // What stands before the numbers of so many rows.
  std::string Header(const std::vector<int64_t>& sizes) const;

  FileWriter numbers_;
  std::optional<FileWriter> lines_;  // the names, where they have a file of their own
  std::vector<std::string> names_;   // first of all rows that may come, then of those that came
  std::vector<int64_t> came_;        // their indices in that
  std::vector<int64_t> sizes_;
  size_t header_ = 0;  // bytes kept for it; 0 before the first row
};

// InvalidArgument that names the first of these that the metadata of a safetensors file can't hold.
absl::Status CheckMetadataNames(const std::vector<std::string>& names);

// Where the names beside a .npy file are.
std::filesystem::path NamesPath(const std::filesystem::path& npy);

}  // namespace vitrine

#endif  // EVAL_EMBEDDING_FILE_H_
