// MNIST's folder: four IDX files (idx_pair.h). Data sets in the same files, such as Fashion-MNIST,
// can be read in its place.

#ifndef DATA_SETS_MNIST_H_
#define DATA_SETS_MNIST_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// train-images-idx3-ubyte and train-labels-idx1-ubyte: images [N, 1, H, W]. Errors as of
// ReadIdxPair.
absl::StatusOr<ImageSet> ReadMnistTrain(const std::filesystem::path& folder);

// t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte.
absl::StatusOr<ImageSet> ReadMnistTest(const std::filesystem::path& folder);

// Both, from the folder itself or its folder mnist. There are ten classes; where labels go beyond
// 9, those that occur in train, called by their numbers. InvalidArgument if test has another, or
// the parts' images differ in size.
absl::StatusOr<LoadedSet> LoadMnist(const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // DATA_SETS_MNIST_H_
