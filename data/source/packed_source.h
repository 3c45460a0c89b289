// One file that holds a whole split: the quickest to read in random order.
//
//   ASSIGN_OR_RETURN(PackedWriter writer, PackedWriter::Create("train.pack", class_names, origin));
//   RETURN_IF_ERROR(writer.Add(label, "n01440764/1.JPEG", bytes));  // ... of each image
//   RETURN_IF_ERROR(writer.Finish());
//   ASSIGN_OR_RETURN(const PackedImages train, OpenPacked("train.pack"));
//
// The image files one after another, a PackedIndex, then 24 bytes: the index's length (8, little-
// endian) and CRC-32C (4), four zeros, "VITRPACK". An image is read with one system call at a known
// place; class folders need an open() each, and Parquet the decoding of a whole row group.

#ifndef DATA_SOURCE_PACKED_SOURCE_H_
#define DATA_SOURCE_PACKED_SOURCE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/file_writer.h"
#include "data/source/image_source.h"
#include "data/source/packed.pb.h"

namespace vitrine {

// The file appears, or is replaced, when it is whole. Errors name it.
class PackedWriter {
 public:
  static absl::StatusOr<PackedWriter> Create(const std::filesystem::path& path,
                                             const std::vector<std::string>& class_names,
                                             std::string_view origin);

  // `label` is an index of the class names.
  absl::Status Add(int64_t label, std::string_view name, std::string_view bytes);

  // Makes the file whole on the disk, beside its place: for those who want several packs or none.
  absl::Status Complete();

  // Complete(), where that has not been, and puts the file in its place.
  absl::Status Finish();

 private:
  explicit PackedWriter(FileWriter file) : file_(std::move(file)) {}

  FileWriter file_;
  PackedIndex index_;
  bool complete_ = false;
};

struct PackedImages {
  std::vector<std::string> class_names;
  std::string origin;
  std::shared_ptr<const ImageSource> images;
};

// Checks the index here and each image's checksum when it is read. DataLoss if the file is damaged,
// is cut short or is no such file.
absl::StatusOr<PackedImages> OpenPacked(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // DATA_SOURCE_PACKED_SOURCE_H_
