// Image files that a user names, of no class.
//
//   ASSIGN_OR_RETURN(std::vector<fs::path> files, ListImageFiles("--images", FLAGS_images));
//   const auto source = std::make_shared<FileSource>(std::move(files));

#ifndef DATA_SOURCE_FILE_SOURCE_H_
#define DATA_SOURCE_FILE_SOURCE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source/image_source.h"

namespace vitrine {

class FileSource final : public ImageSource {
 public:
  explicit FileSource(std::vector<std::filesystem::path> files) : files_(std::move(files)) {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }

  // One for all, so that those that can't be read are told apart by theirs.
  int64_t Label(int64_t /*index*/) const override { return 0; }

  std::string Name(int64_t index) const override { return files_.at(index).string(); }
  absl::StatusOr<StoredImage> Read(int64_t index) const override;

 private:
  const std::vector<std::filesystem::path> files_;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_FILE_SOURCE_H_
