// EMNIST (Cohen et al., arXiv 1702.05373): handwritten digits and letters in MNIST's format, six
// data sets in one archive. Their images are stored with rows and columns exchanged; here they are
// upright.

#ifndef DATA_SETS_EMNIST_H_
#define DATA_SETS_EMNIST_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// emnist-NAME-train-images-idx3-ubyte and the other three (idx_pair.h), from the folder itself or
// its folder emnist. NAME is config.subset(); empty, the one that is there. Classes are called by
// their characters: "0" to "9", "A" to "Z", "a" and so on.
absl::StatusOr<LoadedSet> LoadEmnist(const DataConfig& config,
                                     const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // DATA_SETS_EMNIST_H_
