#include "data/sets/imagenet100.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "data/sets/given_parts.h"
#include "data/sets/image_files.h"
#include "data/sets/imagenet100_classes.h"
#include "data/source/relabeled_source.h"

namespace vitrine {
namespace {

// What the first classes are called in words, which tells the published order from others.
constexpr std::string_view kFirstInWords[] = {"bonnet",   "green mamba", "langur",
                                              "doberman", "gyromitra",   "saluki"};

bool IsPublishedOrderInWords(const std::vector<std::string>& names) {
  if (names.size() != ImageNet100Classes().size()) return false;
  for (size_t i = 0; i < std::size(kFirstInWords); ++i) {
    if (!absl::StartsWith(absl::AsciiStrToLower(names[i]), kFirstInWords[i])) return false;
  }
  return true;
}

// Gives the images the published labels and names.
absl::Status UsePublishedClasses(LoadedSet* set) {
  std::vector<std::string> classes = ImageNet100Classes();
  if (IsPublishedOrderInWords(set->class_names)) {
    set->class_names = std::move(classes);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> labels,
                   Annotate(MatchClasses(set->class_names, classes), "ImageNet-100"));
  Renumber(labels, std::move(classes), set);
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ImageNet100Classes() {
  return absl::StrSplit(ImageNet100ClassesTxt().front().contents, '\n', absl::SkipWhitespace());
}

std::filesystem::path FindImageNet100(const std::filesystem::path& data_dir) {
  const std::filesystem::path own = data_dir / "imagenet-100";
  return FindLayout(own) || !FindOwnLayout(data_dir) ? own : data_dir;
}

absl::StatusOr<LoadedSet> OpenImageNet100(const DataConfig& config,
                                          const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(LoadedSet set, OpenImageFiles(config, folder));
  RETURN_IF_ERROR(Annotate(UsePublishedClasses(&set), folder.string()));
  set.name = "imagenet100";
  return set;
}

absl::StatusOr<LoadedSet> LoadImageNet100(const DataConfig& config,
                                          const std::filesystem::path& data_dir) {
  if (data_dir.empty()) return absl::NotFoundError("no --data_dir is given");
  return OpenImageNet100(config, FindImageNet100(data_dir));
}

}  // namespace vitrine
