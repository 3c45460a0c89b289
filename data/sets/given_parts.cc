#include "data/sets/given_parts.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/sets/shards.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// All that older programs knew beside train; the first that was there was their test part.
constexpr std::string_view kTestBefore[] = {"val", "validation", "test"};

// What the name of a part that is one folder or file ends in.
std::string_view EndingOf(FileLayout layout) {
  return layout == FileLayout::kPacked ? ".pack" : "/";
}

std::vector<PartPlace> FindNamed(std::string_view ending, const fs::path& folder) {
  std::vector<PartPlace> parts;
  for (const auto role : {PartRole::kTrain, PartRole::kValidation, PartRole::kTest}) {
    for (const std::string_view word : WordsFor(role)) {
      const std::string name = absl::StrCat(word, ending);
      const fs::path path = folder / absl::StripSuffix(name, "/");
      if (Exists(path)) parts.push_back({std::string(word), name, {path}});
    }
  }
  return parts;
}

// All parts, by whatever names.
absl::StatusOr<std::vector<PartPlace>> FindAll(FileLayout layout, const fs::path& folder,
                                               Configurations configurations) {
  if (layout == FileLayout::kParquet) return FindShards(folder, configurations);
  return FindNamed(EndingOf(layout), folder);
}

// Those that have one of the words, in the order of these.
template <typename Words>
std::vector<PartPlace> Among(const Words& words, const std::vector<PartPlace>& parts) {
  std::vector<PartPlace> chosen;
  for (const std::string_view word : words) {
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(chosen),
                 [word](const PartPlace& part) { return part.word == word; });
  }
  return chosen;
}

// None or one.
absl::StatusOr<std::optional<PartPlace>> TheOne(PartRole role,
                                                const std::vector<PartPlace>& parts) {
  std::vector<PartPlace> found = Among(WordsFor(role), parts);
  if (found.empty()) return std::nullopt;
  if (found.size() == 1) return std::move(found.front());
  return absl::InvalidArgumentError(absl::StrCat("holds both ", found[0].name, " and ",
                                                 found[1].name,
                                                 ", two names of one part; take one of them away"));
}

absl::StatusOr<PartPlaces> ByName(const std::vector<PartPlace>& parts) {
  PartPlaces places;
  ASSIGN_OR_RETURN(std::optional<PartPlace> train, TheOne(PartRole::kTrain, parts));
  if (train) places.train = *std::move(train);
  ASSIGN_OR_RETURN(places.validation, TheOne(PartRole::kValidation, parts));
  ASSIGN_OR_RETURN(places.test, TheOne(PartRole::kTest, parts));
  return places;
}

absl::StatusOr<PartPlaces> AsBefore(const std::vector<PartPlace>& parts) {
  PartPlaces places;
  for (PartPlace& train : Among(std::vector{"train"}, parts)) places.train = std::move(train);
  for (PartPlace& other : Among(kTestBefore, parts)) {
    if (places.test) {
      places.unused.push_back(other.name);
    } else {
      places.test = std::move(other);
    }
  }
  return places;
}

std::string UsualNameOfTrain(FileLayout layout) {
  return absl::StrCat("train", layout == FileLayout::kParquet ? "-*.parquet" : EndingOf(layout));
}

absl::StatusOr<PartPlaces> FindIn(FileLayout layout, DataConfig::GivenParts reading,
                                  const std::vector<PartPlace>& parts) {
  ASSIGN_OR_RETURN(PartPlaces places,
                   reading == DataConfig::BY_NAME ? ByName(parts) : AsBefore(parts));
  if (!places.train.paths.empty()) return places;
  return absl::NotFoundError(absl::StrCat("there is no ", UsualNameOfTrain(layout)));
}

bool HasTrain(FileLayout layout, const fs::path& folder, Configurations configurations) {
  const auto parts = FindAll(layout, folder, configurations);
  // Of what is ambiguous, those who open it hear.
  return !parts.ok() || !Among(WordsFor(PartRole::kTrain), *parts).empty();
}

}  // namespace

std::optional<FileLayout> FindOwnLayout(const fs::path& folder) {
  for (const FileLayout layout :
       {FileLayout::kPacked, FileLayout::kParquet, FileLayout::kFolders}) {
    if (HasTrain(layout, folder, Configurations::kLeftOut)) return layout;
  }
  return std::nullopt;
}

std::optional<FileLayout> FindLayout(const fs::path& folder) {
  if (const auto layout = FindOwnLayout(folder)) return layout;
  if (HasTrain(FileLayout::kParquet, folder, Configurations::kLookedFor)) {
    return FileLayout::kParquet;
  }
  return std::nullopt;
}

absl::StatusOr<PartPlaces> FindParts(FileLayout layout, DataConfig::GivenParts reading,
                                     const fs::path& folder) {
  if (!Exists(folder)) {
    return absl::NotFoundError(absl::StrCat(folder.string(), ": no such folder"));
  }
  ASSIGN_OR_RETURN(const std::vector<PartPlace> parts,
                   FindAll(layout, folder, Configurations::kLookedFor));
  ASSIGN_OR_RETURN(PartPlaces places, Annotate(FindIn(layout, reading, parts), folder.string()));
  if (layout != FileLayout::kParquet) return places;
  RETURN_IF_ERROR(CheckAllShards(places.train));
  for (const auto* part : {&places.validation, &places.test}) {
    if (*part) RETURN_IF_ERROR(CheckAllShards(**part));
  }
  return places;
}

}  // namespace vitrine
