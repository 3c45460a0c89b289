#include "data/sets/mnist.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/sets/find_folder.h"
#include "data/sets/idx_pair.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// The labels that stand for classes, rising.
std::vector<int64_t> ClassesOf(const ImageSet& train) {
  const auto labels = Labels(train);
  std::vector<int64_t> classes(labels.begin(), labels.end());
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  if (classes.back() < 10) {
    classes.resize(10);
    std::iota(classes.begin(), classes.end(), 0);
  }
  return classes;
}

// Labels become indices of the classes.
absl::Status Number(const std::vector<int64_t>& classes, ImageSet* set) {
  int64_t* const labels = set->labels.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < set->size(); ++i) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), labels[i]);
    if (found == classes.end() || *found != labels[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("label ", labels[i], " of item ", i, " is none of train's ", classes.size(),
                       " classes, ", classes.front(), " to ", classes.back()));
    }
    labels[i] = found - classes.begin();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImageSet> ReadMnistTrain(const fs::path& folder) {
  return ReadIdxPair(folder, "train");
}

absl::StatusOr<ImageSet> ReadMnistTest(const fs::path& folder) {
  return ReadIdxPair(folder, "t10k");
}

absl::StatusOr<LoadedSet> LoadMnist(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder, FindFolder(data_dir, "mnist", IdxImagesNames("train")));
  ASSIGN_OR_RETURN(ImageSet train, ReadMnistTrain(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadMnistTest(folder));
  RETURN_IF_ERROR(CheckSameSize(train, test, folder));
  const std::vector<int64_t> classes = ClassesOf(train);
  RETURN_IF_ERROR(Number(classes, &train));
  RETURN_IF_ERROR(Annotate(Number(classes, &test), (folder / "t10k-labels-idx1-ubyte").string()));
  std::vector<std::string> names;
  for (const int64_t label : classes) names.push_back(absl::StrCat(label));
  return InMemory("mnist", std::move(names), std::move(train), std::move(test));
}

}  // namespace vitrine
