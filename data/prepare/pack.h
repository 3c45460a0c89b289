// Packs image files of any layout into one file a part, resized if that is wanted: what training
// reads quickest.

#ifndef DATA_PREPARE_PACK_H_
#define DATA_PREPARE_PACK_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "data/sets/image_files.h"

namespace vitrine {

struct PackOptions {
  // Pictures with a longer shorter side are reduced to this one and written as JPEG of quality 95.
  // 0: files are packed as they are.
  int shorter_side = 0;
  bool skip_bad = false;  // images that can't be read or decoded are left out
  int threads = 1;
};

struct PackResult {
  bool verified = false;  // packs of the same files and options were there, whole
  int64_t left_out = 0;
  std::string example;  // what is wrong with the first that was left out
};

// Writes train.pack and test.pack into the folder `into`, unless both are there and whole, made
// with the same options of the same files: of the same names, sizes and times of change. `files`
// are those of the folder `from`, in which `into` must not lie. Without skip_bad an image that
// can't be read or decoded is an error that names it, and its pack is not written.
absl::StatusOr<PackResult> PackImages(const ImageFiles& files, const std::filesystem::path& from,
                                      const PackOptions& options,
                                      const std::filesystem::path& into);

}  // namespace vitrine

#endif  // DATA_PREPARE_PACK_H_
