// The 100 classes of ImageNet-100 (Tian et al., "Contrastive Multiview Coding", arXiv 1906.05849)
// and their numbers.
//
// Class folders sort by their WordNet identifiers, while the Parquet files of `clane9/imagenet-100`
// on Hugging Face number the classes in the order of the published list and name them with words.
// Here every layout gets the list's order and its identifiers, so that labels mean the same.

#ifndef DATA_SETS_IMAGENET100_H_
#define DATA_SETS_IMAGENET100_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

// WordNet identifiers in the published order.
std::vector<std::string> ImageNet100Classes();

// Where to look for it: imagenet-100 in `data_dir`, or `data_dir` itself where only that has a
// layout of image files.
std::filesystem::path FindImageNet100(const std::filesystem::path& data_dir);

// Any layout, in the folder. NotFound if there is none; InvalidArgument, which says in what they
// differ, if the classes are not these 100: others are called ImageNet-100 too.
absl::StatusOr<LoadedSet> OpenImageNet100(const DataConfig& config,
                                          const std::filesystem::path& folder);

absl::StatusOr<LoadedSet> LoadImageNet100(const DataConfig& config,
                                          const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // DATA_SETS_IMAGENET100_H_
