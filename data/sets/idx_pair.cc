#include "data/sets/idx_pair.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/sets/find_folder.h"
#include "data/sets/idx.h"

namespace vitrine {
namespace {

std::vector<std::string> Names(std::string_view prefix, std::string_view what,
                               std::string_view kind) {
  return {absl::StrCat(prefix, "-", what, "-", kind, "-ubyte"),
          absl::StrCat(prefix, "-", what, ".", kind, "-ubyte")};
}

}  // namespace

std::vector<std::string> IdxImagesNames(std::string_view prefix) {
  return Names(prefix, "images", "idx3");
}

absl::StatusOr<ImageSet> ReadIdxPair(const std::filesystem::path& folder, std::string_view prefix) {
  ASSIGN_OR_RETURN(const auto images_path, FindPlainOrGzip(folder, IdxImagesNames(prefix)));
  ASSIGN_OR_RETURN(const auto labels_path,
                   FindPlainOrGzip(folder, Names(prefix, "labels", "idx1")));
  ImageSet set;
  ASSIGN_OR_RETURN(set.images, ReadIdxImages(images_path));
  ASSIGN_OR_RETURN(set.labels, ReadIdxLabels(labels_path));
  if (set.images.size(0) == set.size()) return set;
  return absl::InvalidArgumentError(
      absl::StrCat(images_path.string(), ": holds ", set.images.size(0), " images, but ",
                   labels_path.string(), " holds ", set.size(), " labels; get both files again"));
}

absl::Status CheckSameSize(const ImageSet& train, const ImageSet& test,
                           const std::filesystem::path& folder) {
  if (train.images.sizes().slice(1) == test.images.sizes().slice(1)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(folder.string(), ": train and test images differ in size; get all again"));
}

}  // namespace vitrine
