// The data sets that there are.
//
// To add one: a value of DataConfig::Source, a file in this folder that says how its files lie and
// has its loader, and a line in catalog.cc.

#ifndef DATA_SETS_CATALOG_H_
#define DATA_SETS_CATALOG_H_

#include <filesystem>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/sets/given_parts.h"
#include "data/sets/loaded_set.h"

namespace vitrine {

struct CatalogEntry {
  DataConfig::Source source;

  // From the folder that the user named, which is ignored where none is needed. NotFound if a file
  // is absent, DataLoss if one is damaged, InvalidArgument if files contradict each other.
  absl::StatusOr<LoadedSet> (*load)(const DataConfig& config,
                                    const std::filesystem::path& data_dir);

  bool needs_folder = true;
  std::string_view prepared_as = {};      // --dataset of //data:prepare, which brings it
  std::optional<FileLayout> layout = {};  // of the user's own images
};

const CatalogEntry& FindInCatalog(DataConfig::Source source);

// The entry for the user's own images in this layout.
const CatalogEntry& FindInCatalog(FileLayout layout);

}  // namespace vitrine

#endif  // DATA_SETS_CATALOG_H_
