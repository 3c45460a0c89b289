// Where a data set of image files keeps its parts, and which of them is which.
//
//   ASSIGN_OR_RETURN(const PartPlaces places,
//                    FindParts(FileLayout::kFolders, DataConfig::BY_NAME, "imagenette"));
//   places.test->name;  // "val/"

#ifndef DATA_SETS_GIVEN_PARTS_H_
#define DATA_SETS_GIVEN_PARTS_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/sets/part_words.h"

namespace vitrine {

enum class FileLayout {
  kFolders,  // train/CLASS/FILE and val/CLASS/FILE
  kParquet,  // train-*.parquet and validation-*.parquet, and the like (shards.h)
  kPacked,   // train.pack and test.pack
};

struct PartPlaces {
  PartPlace train;
  std::optional<PartPlace> validation, test;
  std::vector<std::string> unused;  // the names of those that the reading leaves out
};

// The quickest layout in which the folder has a training part.
std::optional<FileLayout> FindLayout(const std::filesystem::path& folder);

// The same without a look into folders of it that could be those of Parquet's configurations.
std::optional<FileLayout> FindOwnLayout(const std::filesystem::path& folder);

// NotFound if there is no training part; InvalidArgument if a part is there by two names, and as
// FindShards and CheckAllShards.
absl::StatusOr<PartPlaces> FindParts(FileLayout layout, DataConfig::GivenParts reading,
                                     const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_SETS_GIVEN_PARTS_H_
