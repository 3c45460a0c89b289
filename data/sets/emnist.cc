#include "data/sets/emnist.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "data/sets/find_folder.h"
#include "data/sets/idx_pair.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

struct Subset {
  std::string_view name;
  std::string_view classes;  // a character each, in the order of the labels
  int64_t first_label = 0;
};

// As the archive's files emnist-*-mapping.txt have them. Small letters that look like their
// capitals are no classes of their own in balanced and bymerge.
constexpr Subset kSubsets[] = {
    {"balanced", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"},
    {"byclass", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
    {"bymerge", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"},
    {"digits", "0123456789"},
    {"letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1},
    {"mnist", "0123456789"}};

std::string Prefix(const Subset& subset, std::string_view part) {
  return absl::StrCat("emnist-", subset.name, "-", part);
}

struct Found {
  const Subset* subset;
  fs::path folder;
};

absl::Status CheckName(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Subset& subset : kSubsets) names.push_back(subset.name);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("data.subset: EMNIST has ", absl::StrJoin(names, ", "), ", not '", name, "'"));
}

// The one that is wanted, or that is there.
absl::StatusOr<Found> Find(const std::string& name, const fs::path& data_dir) {
  RETURN_IF_ERROR(CheckName(name));
  std::vector<Found> all;
  std::vector<std::string_view> names;
  absl::Status absent;
  for (const Subset& subset : kSubsets) {
    if (!name.empty() && name != subset.name) continue;
    auto folder = FindFolder(data_dir, "emnist", IdxImagesNames(Prefix(subset, "train")));
    if (!folder.ok()) {
      absent.Update(folder.status());
      continue;
    }
    all.push_back({&subset, *std::move(folder)});
    names.push_back(subset.name);
  }
  if (all.empty()) {
    return absl::Status(absent.code(),
                        absl::StrCat(absent.message(), "; unpack EMNIST's gzip.zip there"));
  }
  if (all.size() == 1) return std::move(all.front());
  return absl::InvalidArgumentError(absl::StrCat("data.subset: ", all.front().folder.string(),
                                                 " holds ", absl::StrJoin(names, ", "),
                                                 " of EMNIST; set it to one of them"));
}

absl::Status NumberFromZero(const Subset& subset, ImageSet* set) {
  const auto classes = static_cast<int64_t>(subset.classes.size());
  int64_t* const labels = set->labels.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < set->size(); ++i) {
    const int64_t label = labels[i];
    labels[i] -= subset.first_label;
    if (labels[i] >= 0 && labels[i] < classes) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "label ", label, " of item ", i, " is out of range: ", subset.name, " has ",
        subset.first_label, " to ", subset.first_label + classes - 1, "; get its files again"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ImageSet> ReadPart(const Subset& subset, std::string_view part,
                                  const fs::path& folder) {
  const std::string prefix = Prefix(subset, part);
  ASSIGN_OR_RETURN(ImageSet set, ReadIdxPair(folder, prefix));
  RETURN_IF_ERROR(
      Annotate(NumberFromZero(subset, &set), (folder / (prefix + "-labels-idx1-ubyte")).string()));
  set.images = set.images.transpose(2, 3).contiguous();
  return set;
}

}  // namespace

absl::StatusOr<LoadedSet> LoadEmnist(const DataConfig& config, const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const Found found, Find(config.subset(), data_dir));
  const auto& [subset, folder] = found;
  ASSIGN_OR_RETURN(ImageSet train, ReadPart(*subset, "train", folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadPart(*subset, "test", folder));
  RETURN_IF_ERROR(CheckSameSize(train, test, folder));
  std::vector<std::string> names;
  for (const char character : subset->classes) names.emplace_back(1, character);
  return InMemory(absl::StrCat("emnist-", subset->name), std::move(names), std::move(train),
                  std::move(test));
}

}  // namespace vitrine
