// A part of a data set in MNIST's format: an IDX file of images and one of their labels, each plain
// or with .gz at the end of its name, and with a dot or a dash before "idx" in it.

#ifndef DATA_SETS_IDX_PAIR_H_
#define DATA_SETS_IDX_PAIR_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/sets/image_set.h"

namespace vitrine {

// What the file of images can be called: "train-images-idx3-ubyte" for the prefix "train".
std::vector<std::string> IdxImagesNames(std::string_view prefix);

// Images [N, 1, H, W] and labels as they are stored. NotFound if a file is absent; InvalidArgument
// if the two hold different numbers.
absl::StatusOr<ImageSet> ReadIdxPair(const std::filesystem::path& folder, std::string_view prefix);

// InvalidArgument, which names the folder, if the images of the two parts differ in size.
absl::Status CheckSameSize(const ImageSet& train, const ImageSet& test,
                           const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_SETS_IDX_PAIR_H_
