// MNIST's folder: four IDX files, plain or with .gz at the end of their names. Data sets in the
// same layout, such as Fashion-MNIST, can be read in its place.

#ifndef DATA_SETS_MNIST_H_
#define DATA_SETS_MNIST_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

inline constexpr int kMnistClasses = 10;

// train-images-idx3-ubyte and train-labels-idx1-ubyte: images [N, 1, H, W]. NotFound if a file is
// absent; InvalidArgument if the two hold different numbers, or a label is above 9.
absl::StatusOr<ImageSet> ReadMnistTrain(const std::filesystem::path& folder);

// t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte.
absl::StatusOr<ImageSet> ReadMnistTest(const std::filesystem::path& folder);

// Both, from the folder itself or its folder mnist. InvalidArgument if their images differ in size.
absl::StatusOr<LoadedSet> LoadMnist(const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // DATA_SETS_MNIST_H_
