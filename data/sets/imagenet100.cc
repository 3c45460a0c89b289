#include "data/sets/imagenet100.h"

#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
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

}  // namespace

std::vector<std::string> ImageNet100Classes() {
  return absl::StrSplit(ImageNet100ClassesTxt().front().contents, '\n', absl::SkipWhitespace());
}

std::filesystem::path FindImageNet100(const std::filesystem::path& data_dir) {
  const std::filesystem::path own = data_dir / "imagenet-100";
  return FindLayout(own) || !FindLayout(data_dir) ? own : data_dir;
}

absl::StatusOr<ImageFiles> OpenImageNet100(const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(ImageFiles files, OpenImageFiles(folder));
  RETURN_IF_ERROR(Annotate(UsePublishedClasses(&files), folder.string()));
  return files;
}

absl::StatusOr<LoadedSet> LoadImageNet100(const std::filesystem::path& data_dir) {
  if (data_dir.empty()) return absl::NotFoundError("no --data_dir is given");
  ASSIGN_OR_RETURN(ImageFiles files, OpenImageNet100(FindImageNet100(data_dir)));
  return FromFiles("imagenet100", std::move(files));
}

absl::Status UsePublishedClasses(ImageFiles* files) {
  std::vector<std::string> classes = ImageNet100Classes();
  if (!IsPublishedOrderInWords(files->class_names)) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> labels,
                     Annotate(MatchClasses(files->class_names, classes), "ImageNet-100"));
    files->train = std::make_shared<RelabeledSource>(files->train, labels);
    files->test = std::make_shared<RelabeledSource>(files->test, labels);
  }
  files->class_names = std::move(classes);
  return absl::OkStatus();
}

}  // namespace vitrine
