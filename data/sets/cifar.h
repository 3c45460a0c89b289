// CIFAR-10 and CIFAR-100, binary versions (https://www.cs.toronto.edu/~kriz/cifar.html): records of
// one or two label bytes and 3 x 32 x 32 pixels, red, green, blue. CIFAR-100's labels are a
// superclass, which is not used, and a class.

#ifndef DATA_SETS_CIFAR_H_
#define DATA_SETS_CIFAR_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// data_batch_1.bin to data_batch_5.bin of the folder, one after the other: images [N, 3, 32, 32].
// Each holds any number of whole records. A file that is absent, empty, of another length or with
// a label above 9 is an error that names it.
absl::StatusOr<ImageSet> ReadCifar10Train(const std::filesystem::path& folder);

// test_batch.bin of the folder.
absl::StatusOr<ImageSet> ReadCifar10Test(const std::filesystem::path& folder);

// The same of train.bin and test.bin, with labels up to 99.
absl::StatusOr<ImageSet> ReadCifar100Train(const std::filesystem::path& folder);
absl::StatusOr<ImageSet> ReadCifar100Test(const std::filesystem::path& folder);

// The names in the folder's batches.meta.txt or fine_label_names.txt; the official ones where there
// is no such file.
absl::StatusOr<std::vector<std::string>> ReadCifar10ClassNames(const std::filesystem::path& folder);
absl::StatusOr<std::vector<std::string>> ReadCifar100ClassNames(
    const std::filesystem::path& folder);

// Both parts, from the folder itself or its folder cifar-10-batches-bin or cifar-100-binary. What
// is there in Python's format alone is NotFound as well, and named.
absl::StatusOr<LoadedSet> LoadCifar10(const std::filesystem::path& data_dir);
absl::StatusOr<LoadedSet> LoadCifar100(const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // DATA_SETS_CIFAR_H_
