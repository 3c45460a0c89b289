#include "data/sets/image_files.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/files/folder_listing.h"
#include "base/status_macros.h"
#include "data/source/image_folder.h"
#include "data/source/packed_source.h"
#include "data/source/parquet/parquet.h"
#include "data/source/relabeled_source.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

struct Part {
  std::vector<std::string> class_names;
  std::shared_ptr<const ImageSource> images;
  bool has_class_list = true;  // class_names are not only those that occur
  ColumnChoice columns = {};   // of Parquet
  PassedOver passed_over = {};
};

absl::StatusOr<Part> OpenPart(FileLayout layout, const PartPlace& place,
                              const ParquetColumns& columns) {
  switch (layout) {
    case FileLayout::kFolders: {
      ASSIGN_OR_RETURN(ImageFolder opened, OpenImageFolder(place.paths.front()));
      Part part{std::move(opened.class_names), std::move(opened.images)};
      part.passed_over = std::move(opened.passed_over);
      return part;
    }
    case FileLayout::kParquet: {
      ASSIGN_OR_RETURN(ParquetImages opened, OpenParquet(place.paths, columns));
      return Part{std::move(opened.class_names), std::move(opened.images), opened.has_class_list,
                  std::move(opened.columns)};
    }
    case FileLayout::kPacked: {
      ASSIGN_OR_RETURN(PackedImages opened, OpenPacked(place.paths.front()));
      return Part{std::move(opened.class_names), std::move(opened.images)};
    }
  }
  return absl::InternalError("not a layout");
}

// Pictures that wait for their labels lie side by side, or in one folder that is no class's.
bool HasClassFolders(const fs::path& folder, const std::vector<std::string>& class_names) {
  const auto entries = ListFolder(folder);
  if (!entries.ok()) return false;
  int folders = 0;
  for (const FolderEntry& entry : *entries) {
    if (!entry.is_folder) continue;
    const auto found = std::find(class_names.begin(), class_names.end(), entry.name);
    if (++folders > 1 || found != class_names.end()) return true;
  }
  return false;
}

bool HasLabels(const ImageSource& images) {
  for (int64_t i = 0; i < images.size(); ++i) {
    if (images.Label(i) >= 0) return true;
  }
  return false;
}

// Numbers the part's classes as train's.
absl::Status MatchTo(const Part& train, Part* part) {
  if (part->class_names == train.class_names) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<int64_t> labels,
                   part->has_class_list ? MatchClasses(part->class_names, train.class_names)
                                        : MatchSomeClasses(part->class_names, train.class_names));
  part->images = std::make_shared<RelabeledSource>(part->images, std::move(labels));
  return absl::OkStatus();
}

// A part beside train; none if it has no labels.
absl::StatusOr<std::optional<Part>> OpenLabelled(FileLayout layout, const PartPlace& place,
                                                 const Part& train) {
  if (layout == FileLayout::kFolders && !HasClassFolders(place.paths.front(), train.class_names)) {
    return std::nullopt;
  }
  ParquetColumns columns = train.columns.taken;
  columns.label_may_lack = true;
  ASSIGN_OR_RETURN(Part part, OpenPart(layout, place, columns));
  if (!HasLabels(*part.images)) return std::nullopt;
  RETURN_IF_ERROR(Annotate(MatchTo(train, &part), absl::StrCat(place.paths.front().string(),
                                                               ": against the training part")));
  return part;
}

// A validation part is there to be used.
absl::StatusOr<std::optional<Part>> OpenValidation(FileLayout layout, const PartPlace& place,
                                                   const Part& train) {
  ASSIGN_OR_RETURN(std::optional<Part> part, OpenLabelled(layout, place, train));
  if (part) return part;
  return absl::InvalidArgumentError(
      absl::StrCat(place.paths.front().string(), ": has no labels, which validation needs; ",
                   layout == FileLayout::kFolders ? "put its pictures into a folder for each class"
                                                  : "get a version with labels",
                   ", or take it away"));
}

// "img, not mask (data.image_column)"; in one line, whatever the names are.
std::string Describe(const std::string& taken, const std::vector<std::string>& others,
                     std::string_view field) {
  const std::string not_taken =
      others.empty() ? "" : absl::StrCat(", not ", absl::StrJoin(others, ", "), " (", field, ")");
  return absl::Utf8SafeCHexEscape(taken + not_taken);
}

// Where they have other names than usual, or could be others.
void SayWhichColumns(const ColumnChoice& columns, LoadedSet* set) {
  const auto& [image, label, unused] = columns.taken;
  set->columns = absl::StrCat(image, ", ", label);
  const bool is_plain =
      set->columns == kUsualColumns && columns.other_images.empty() && columns.other_labels.empty();
  if (is_plain) return;
  set->origins.remarks = {
      absl::StrCat("images: ", Describe(image, columns.other_images, "data.image_column")),
      absl::StrCat("labels: ", Describe(label, columns.other_labels, "data.label_column"))};
}

// The parts as they are given, before it is asked how many there are.
absl::StatusOr<LoadedSet> Open(FileLayout layout, const PartPlaces& places,
                               const ParquetColumns& columns) {
  LoadedSet set;
  PassedOver passed_over;
  const auto put = [&](const Part& part, const PartPlace& place,
                       std::shared_ptr<const ImageSource>* images, std::string* origin) {
    *images = part.images;
    *origin = place.name;
    set.places.insert(set.places.end(), place.paths.begin(), place.paths.end());
    passed_over.Add(part.passed_over);
  };
  ASSIGN_OR_RETURN(const Part train, OpenPart(layout, places.train, columns));
  put(train, places.train, &set.train, &set.origins.train);
  set.class_names = train.class_names;
  set.origins.unused = places.unused;
  if (layout == FileLayout::kParquet) SayWhichColumns(train.columns, &set);
  if (places.validation) {
    ASSIGN_OR_RETURN(const auto part, OpenValidation(layout, *places.validation, train));
    put(*part, *places.validation, &set.minival, &set.origins.minival);
  }
  if (places.test) {
    ASSIGN_OR_RETURN(const auto part, OpenLabelled(layout, *places.test, train));
    if (part) {
      put(*part, *places.test, &set.test, &set.origins.test);
    } else {
      set.origins.unused.push_back(places.test->name + " (it has no labels)");
    }
  }
  WarnOfPassedOver(passed_over);
  return set;
}

absl::StatusOr<LoadedSet> Load(FileLayout layout, const DataConfig& config,
                               const fs::path& folder) {
  if (!folder.empty()) return OpenImageFiles(layout, config, folder);
  return absl::NotFoundError("data.source: needs --data_dir, the folder of the images");
}

}  // namespace

absl::StatusOr<LoadedSet> OpenImageFiles(FileLayout layout, const DataConfig& config,
                                         const fs::path& folder) {
  ASSIGN_OR_RETURN(const PartPlaces places, FindParts(layout, config.given_parts(), folder));
  ASSIGN_OR_RETURN(
      LoadedSet set,
      Open(layout, places, {.image = config.image_column(), .label = config.label_column()}));
  set.name = WithName(folder).filename().string();
  if (set.test != nullptr) return set;
  std::swap(set.minival, set.test);  // of two parts
  std::swap(set.origins.minival, set.origins.test);
  return set;
}

absl::StatusOr<LoadedSet> OpenImageFiles(const DataConfig& config, const fs::path& folder) {
  if (const auto layout = FindLayout(folder)) return OpenImageFiles(*layout, config, folder);
  return absl::NotFoundError(
      absl::StrCat(folder.string(), ": there are no train-*.parquet, train.pack or train/ in it"));
}

absl::StatusOr<LoadedSet> LoadImageFolders(const DataConfig& config, const fs::path& folder) {
  return Load(FileLayout::kFolders, config, folder);
}

absl::StatusOr<LoadedSet> LoadParquet(const DataConfig& config, const fs::path& folder) {
  return Load(FileLayout::kParquet, config, folder);
}

absl::StatusOr<LoadedSet> LoadPacked(const DataConfig& config, const fs::path& folder) {
  return Load(FileLayout::kPacked, config, folder);
}

}  // namespace vitrine
