#include "data/sets/mnist.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/sets/digits.h"
#include "data/sets/find_folder.h"
#include "data/sets/idx.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

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
                   FindPlainOrGzip(folder / absl::StrCat(prefix, "-images-idx3-ubyte")));
  ASSIGN_OR_RETURN(const fs::path labels_path,
                   FindPlainOrGzip(folder / absl::StrCat(prefix, "-labels-idx1-ubyte")));
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

absl::StatusOr<LoadedSet> LoadMnist(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder, FindFolder(data_dir, "mnist", "train-images-idx3-ubyte"));
  ASSIGN_OR_RETURN(ImageSet train, ReadMnistTrain(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadMnistTest(folder));
  if (train.images.sizes().slice(1) != test.images.sizes().slice(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder.string(), ": train and test images differ in size; get all again"));
  }
  return InMemory("mnist", DigitNames(), std::move(train), std::move(test));
}

}  // namespace vitrine
