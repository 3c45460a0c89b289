#include "data/sets/mnist.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/sets/idx.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// What can't be looked at is not absent: reading it will say why.
absl::StatusOr<fs::path> FindPlainOrGzip(const fs::path& folder, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    std::error_code error;
    const fs::file_status status = fs::status(folder / candidate, error);
    if (status.type() != fs::file_type::not_found) return folder / candidate;
  }
  return absl::NotFoundError(
      absl::StrCat(folder.string(), ": holds neither ", name, " nor ", name, ".gz"));
}

absl::Status CheckLabels(const ImageSet& set, const fs::path& path) {
  const auto labels = Labels(set);
  const auto wrong = std::find_if(labels.begin(), labels.end(),
                                  [](int64_t label) { return label >= kMnistClasses; });
  if (wrong == labels.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path.string(), ": label ", *wrong, " of item ", wrong - labels.begin(),
                   " is out of range: there are ", kMnistClasses, " classes, from 0"));
}

absl::StatusOr<ImageSet> ReadPair(const fs::path& folder, std::string_view prefix) {
  ASSIGN_OR_RETURN(const fs::path images_path,
                   FindPlainOrGzip(folder, absl::StrCat(prefix, "-images-idx3-ubyte")));
  ASSIGN_OR_RETURN(const fs::path labels_path,
                   FindPlainOrGzip(folder, absl::StrCat(prefix, "-labels-idx1-ubyte")));
  ImageSet set;
  ASSIGN_OR_RETURN(set.images, ReadIdxImages(images_path));
  ASSIGN_OR_RETURN(set.labels, ReadIdxLabels(labels_path));
  if (set.images.size(0) != set.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(images_path.string(), ": holds ", set.images.size(0), " images, but ",
                     labels_path.string(), " holds ", set.size(), " labels; get both files again"));
  }
  RETURN_IF_ERROR(CheckLabels(set, labels_path));
  return set;
}

}  // namespace

absl::StatusOr<ImageSet> ReadMnistTrain(const fs::path& folder) {
  return ReadPair(folder, "train");
}

absl::StatusOr<ImageSet> ReadMnistTest(const fs::path& folder) { return ReadPair(folder, "t10k"); }

}  // namespace vitrine
