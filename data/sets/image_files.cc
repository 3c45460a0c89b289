#include "data/sets/image_files.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/source/image_folder.h"
#include "data/source/packed_source.h"
#include "data/source/parquet/parquet.h"
#include "data/source/relabeled_source.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

using Names = std::span<const std::string_view>;

// What the parts are called, the usual name first.
constexpr std::string_view kTrain[] = {"train"};
constexpr std::string_view kTest[] = {"val", "validation", "test"};

struct Part {
  std::vector<std::string> class_names;
  std::shared_ptr<const ImageSource> images;
};

absl::Status NotThere(const fs::path& folder, Names names, std::string_view ending) {
  if (!Exists(folder)) {
    return absl::NotFoundError(absl::StrCat(folder.string(), ": no such folder"));
  }
  return absl::NotFoundError(
      absl::StrCat(folder.string(), ": there is no ",
                   absl::StrJoin(names, " nor ", [&](std::string* out, std::string_view name) {
                     absl::StrAppend(out, name, ending);
                   })));
}

absl::StatusOr<Part> OpenFolders(const fs::path& folder, Names names) {
  for (const std::string_view name : names) {
    if (!Exists(folder / name)) continue;
    ASSIGN_OR_RETURN(ImageFolder opened, OpenImageFolder(folder / name));
    return Part{std::move(opened.class_names), std::move(opened.images)};
  }
  return NotThere(folder, names, "/");
}

absl::StatusOr<Part> OpenPack(const fs::path& folder, Names names) {
  for (const std::string_view name : names) {
    const fs::path path = folder / absl::StrCat(name, ".pack");
    if (!Exists(path)) continue;
    ASSIGN_OR_RETURN(PackedImages opened, OpenPacked(path));
    return Part{std::move(opened.class_names), std::move(opened.images)};
  }
  return NotThere(folder, names, ".pack");
}

std::vector<fs::path> Shards(const fs::path& folder, std::string_view name) {
  std::vector<fs::path> shards;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (absl::StartsWith(file, absl::StrCat(name, "-")) && absl::EndsWith(file, ".parquet")) {
      shards.push_back(entry->path());
    }
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

// The number after "-of-" in the name, or 0 where there is none.
size_t ShardsNamedIn(const fs::path& shard) {
  const std::string stem = shard.stem().string();
  const std::pair<std::string_view, std::string_view> parts = absl::StrSplit(stem, "-of-");
  size_t count = 0;
  return absl::SimpleAtoi(parts.second, &count) ? count : 0;
}

absl::StatusOr<Part> OpenShards(const fs::path& folder, Names names) {
  for (const fs::path& place : {folder, folder / "data"}) {
    for (const std::string_view name : names) {
      const std::vector<fs::path> shards = Shards(place, name);
      if (shards.empty()) continue;
      const size_t count = ShardsNamedIn(shards.front());
      if (count != 0 && count != shards.size()) {
        return absl::InvalidArgumentError(absl::StrCat(place.string(), ": has ", shards.size(),
                                                       " of the ", count, " shards of ", name,
                                                       "; get the others"));
      }
      ASSIGN_OR_RETURN(ParquetImages opened, OpenParquet(shards));
      return Part{std::move(opened.class_names), std::move(opened.images)};
    }
  }
  return NotThere(folder, names, "-*.parquet");
}

absl::StatusOr<Part> OpenPart(FileLayout layout, const fs::path& folder, Names names) {
  switch (layout) {
    case FileLayout::kFolders:
      return OpenFolders(folder, names);
    case FileLayout::kParquet:
      return OpenShards(folder, names);
    case FileLayout::kPacked:
      return OpenPack(folder, names);
  }
  return absl::InternalError("not a layout");
}

absl::StatusOr<LoadedSet> LoadFiles(FileLayout layout, const fs::path& folder) {
  if (folder.empty()) {
    return absl::NotFoundError("data.source: needs --data_dir, the folder of the images");
  }
  ASSIGN_OR_RETURN(ImageFiles files, OpenImageFiles(layout, folder));
  const fs::path named = folder.has_filename() ? folder : folder.parent_path();
  return FromFiles(named.filename().string(), std::move(files));
}

}  // namespace

std::optional<FileLayout> FindLayout(const fs::path& folder) {
  if (Exists(folder / "train.pack")) return FileLayout::kPacked;
  if (!Shards(folder, "train").empty() || !Shards(folder / "data", "train").empty()) {
    return FileLayout::kParquet;
  }
  if (Exists(folder / "train")) return FileLayout::kFolders;
  return std::nullopt;
}

absl::StatusOr<ImageFiles> OpenImageFiles(const fs::path& folder) {
  const std::optional<FileLayout> layout = FindLayout(folder);
  if (layout) return OpenImageFiles(*layout, folder);
  return absl::NotFoundError(
      absl::StrCat(folder.string(), ": there are no train-*.parquet, train.pack or train/ in it"));
}

absl::StatusOr<ImageFiles> OpenImageFiles(FileLayout layout, const fs::path& folder) {
  ASSIGN_OR_RETURN(Part train, OpenPart(layout, folder, kTrain));
  ASSIGN_OR_RETURN(Part test, OpenPart(layout, folder, kTest));
  if (train.class_names != test.class_names) {
    ASSIGN_OR_RETURN(
        std::vector<int64_t> labels,
        Annotate(MatchClasses(test.class_names, train.class_names),
                 absl::StrCat(folder.string(), ": the test part against the training part")));
    test.images = std::make_shared<RelabeledSource>(test.images, std::move(labels));
  }
  return ImageFiles{std::move(train.class_names), std::move(train.images), std::move(test.images)};
}

LoadedSet FromFiles(std::string name, ImageFiles files) {
  LoadedSet set;
  set.name = std::move(name);
  set.class_names = std::move(files.class_names);
  set.train = std::move(files.train);
  set.test = std::move(files.test);
  return set;
}

absl::StatusOr<LoadedSet> LoadImageFolders(const fs::path& folder) {
  return LoadFiles(FileLayout::kFolders, folder);
}

absl::StatusOr<LoadedSet> LoadParquet(const fs::path& folder) {
  return LoadFiles(FileLayout::kParquet, folder);
}

absl::StatusOr<LoadedSet> LoadPacked(const fs::path& folder) {
  return LoadFiles(FileLayout::kPacked, folder);
}

}  // namespace vitrine
