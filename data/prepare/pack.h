// Packs image files of any layout into one file a part, resized if that is wanted: what training
// reads quickest.

#ifndef DATA_PREPARE_PACK_H_
#define DATA_PREPARE_PACK_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "data/batches/bad_images.h"
#include "data/sets/loaded_set.h"

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
  BadImages damaged;    // and packed all the same; the example is the first
};

// Writes train.pack and, where there are such parts, validation.pack (of minival) and test.pack
// into the folder `into`, unless all are there and whole, made with the same options of the same
// files: of the same names, sizes and times of change. A pack of a part that there is no more goes.
// The images of `set` are of the folder `from`, in which `into` must not lie. Without skip_bad an
// image that can't be read or decoded is an error that names it. After an error all is as before:
// the packs that were there, or no folder where there was none.
absl::StatusOr<PackResult> PackImages(const LoadedSet& set, const std::filesystem::path& from,
                                      const PackOptions& options,
                                      const std::filesystem::path& into);

}  // namespace vitrine

#endif  // DATA_PREPARE_PACK_H_
