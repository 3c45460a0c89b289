// CIFAR-10, binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte
// and 3 x 32 x 32 pixels, red, green, blue.

#ifndef DATA_SETS_CIFAR10_H_
#define DATA_SETS_CIFAR10_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// Any number of whole records of one file, in its order: images [N, 3, 32, 32]. A file that is
// absent, empty, of another length or with a label above 9 is an error that names it.
absl::StatusOr<ImageSet> ReadCifar10File(const std::filesystem::path& path);

// data_batch_1.bin to data_batch_5.bin of the folder, one after the other.
absl::StatusOr<ImageSet> ReadCifar10Train(const std::filesystem::path& folder);

// test_batch.bin of the folder.
absl::StatusOr<ImageSet> ReadCifar10Test(const std::filesystem::path& folder);

// The ten names in the folder's batches.meta.txt; the official ones where there is no such file.
absl::StatusOr<std::vector<std::string>> ReadCifar10ClassNames(const std::filesystem::path& folder);

// Both parts, from the folder itself or its folder cifar-10-batches-bin.
absl::StatusOr<LoadedSet> LoadCifar10(const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // DATA_SETS_CIFAR10_H_
