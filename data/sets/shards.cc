#include "data/sets/shards.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/folder_listing.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".parquet";

// Configurations lie in the data set's folder, or in its folder data/; and shards in the folder of
// their part or in folders of that.
constexpr int kMostLevels = 2;

struct Listing {
  std::vector<fs::path> files, folders;  // sorted; what is hidden is left out
};

Listing List(const fs::path& folder) {
  Listing listing;
  const auto entries = ListFolder(folder);
  if (!entries.ok()) return listing;
  for (const FolderEntry& entry : *entries) {
    if (entry.is_folder) {
      listing.folders.push_back(folder / entry.name);
    } else if (absl::EndsWith(entry.name, kExtension)) {
      listing.files.push_back(folder / entry.name);
    }
  }
  return listing;
}

// How surely a name is that of a part.
enum class Form { kBeforeDash, kWordAlone, kWordWithin };

struct Named {
  Form form;
  std::string letters;  // of the name, which shards of one part have in common
  std::string pattern;  // for people
  std::vector<fs::path> shards;
};
using NamedOfWord = std::multimap<std::string_view, Named>;  // the key is a part's word

// Numbers set shards apart, letters other things: train_small and train_large.
std::string LettersOf(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (absl::ascii_isalpha(static_cast<unsigned char>(c))) letters.push_back(c);
  }
  return letters;
}

// What a name, without .parquet, says; `ending` is for the pattern.
void AddNamed(std::string_view name, std::string_view ending, std::vector<fs::path> shards,
              NamedOfWord* found) {
  const std::string_view word = FindPartWord(name);
  if (word.empty() || shards.empty()) return;
  Named named{.form = Form::kWordWithin,
              .letters = LettersOf(name),
              .pattern = absl::StrCat("*", word, "*", ending),
              .shards = std::move(shards)};
  if (name == word) {
    named.form = Form::kWordAlone;
    named.pattern = absl::StrCat(word, ending);
  } else if (absl::StartsWith(name, absl::StrCat(word, "-"))) {
    named.form = Form::kBeforeDash;
    named.letters = std::string(word);
    named.pattern = absl::StrCat(word, "-*", ending);
  }
  found->emplace(word, std::move(named));
}

NamedOfWord NamedFiles(const Listing& listing) {
  NamedOfWord found;
  for (const fs::path& file : listing.files) {
    AddNamed(file.stem().string(), kExtension, {file}, &found);
  }
  return found;
}

// Those in the folder and in folders of it, `levels` deep.
std::vector<fs::path> FilesWithin(const fs::path& folder, int levels) {
  Listing listing = List(folder);
  if (levels == 0) return std::move(listing.files);
  for (const fs::path& inner : listing.folders) {
    const std::vector<fs::path> files = FilesWithin(inner, levels - 1);
    listing.files.insert(listing.files.end(), files.begin(), files.end());
  }
  return std::move(listing.files);
}

NamedOfWord NamedFolders(const Listing& listing, int levels) {
  NamedOfWord found;
  for (const fs::path& folder : listing.folders) {
    const std::string name = folder.filename().string();
    if (!FindPartWord(name).empty()) AddNamed(name, "/", FilesWithin(folder, levels), &found);
  }
  return found;
}

// The shards of all names of one word.
absl::StatusOr<PartPlace> Join(std::string_view word, const std::vector<const Named*>& names) {
  PartPlace part{.word = std::string(word), .name = names.front()->pattern, .paths = {}};
  for (const Named* const name : names) {
    if (name->letters != names.front()->letters) {
      return absl::InvalidArgumentError(absl::StrCat(
          names.front()->shards.front().string(), " and ", name->shards.front().string(),
          ": both may be the part ", word, "; take one of them away"));
    }
    part.paths.insert(part.paths.end(), name->shards.begin(), name->shards.end());
  }
  std::sort(part.paths.begin(), part.paths.end());
  return part;
}

// Of the words for one part only those that are there in the surest form.
absl::Status AddPartsOfRole(PartRole role, const NamedOfWord& found,
                            std::vector<PartPlace>* parts) {
  Form surest = Form::kWordWithin;
  for (const std::string_view word : WordsFor(role)) {
    const auto [begin, end] = found.equal_range(word);
    for (auto it = begin; it != end; ++it) surest = std::min(surest, it->second.form);
  }
  for (const std::string_view word : WordsFor(role)) {
    std::vector<const Named*> names;
    const auto [begin, end] = found.equal_range(word);
    for (auto it = begin; it != end; ++it) {
      if (it->second.form == surest) names.push_back(&it->second);
    }
    if (names.empty()) continue;
    ASSIGN_OR_RETURN(parts->emplace_back(), Join(word, names));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PartPlace>> PartsOf(const NamedOfWord& found) {
  std::vector<PartPlace> parts;
  for (const auto role : {PartRole::kTrain, PartRole::kValidation, PartRole::kTest}) {
    RETURN_IF_ERROR(AddPartsOfRole(role, found, &parts));
  }
  return parts;
}

bool HasTrain(const std::vector<PartPlace>& parts) {
  const auto words = WordsFor(PartRole::kTrain);
  return std::any_of(parts.begin(), parts.end(), [&](const PartPlace& part) {
    return std::find(words.begin(), words.end(), part.word) != words.end();
  });
}

void PutBefore(std::string_view folder, std::vector<PartPlace>* parts) {
  for (PartPlace& part : *parts) part.name = absl::StrCat(folder, "/", part.name);
}

class Finder {
 public:
  explicit Finder(Configurations configurations)
      : levels_(configurations == Configurations::kLookedFor ? kMostLevels : 0) {}

  absl::StatusOr<std::vector<PartPlace>> Find(const fs::path& folder) const {
    return Find(folder, levels_);
  }

 private:
  absl::StatusOr<std::vector<PartPlace>> Find(const fs::path& folder, int levels) const;
  absl::StatusOr<std::vector<PartPlace>> FindInOne(const std::vector<fs::path>& folders,
                                                   int levels) const;
  absl::StatusOr<std::vector<PartPlace>> PartsIn(const Listing& listing) const;
  absl::StatusOr<std::vector<PartPlace>> PartsInOrInData(const fs::path& folder,
                                                         const Listing& listing) const;

  const int levels_;
};

// Those that lie in this folder, not in folders for configurations.
absl::StatusOr<std::vector<PartPlace>> Finder::PartsIn(const Listing& listing) const {
  ASSIGN_OR_RETURN(std::vector<PartPlace> files, PartsOf(NamedFiles(listing)));
  if (HasTrain(files)) return files;
  ASSIGN_OR_RETURN(std::vector<PartPlace> folders, PartsOf(NamedFolders(listing, levels_)));
  return HasTrain(folders) ? std::move(folders) : std::move(files);
}

// In the folder, and what is not there in its data/.
absl::StatusOr<std::vector<PartPlace>> Finder::PartsInOrInData(const fs::path& folder,
                                                               const Listing& listing) const {
  ASSIGN_OR_RETURN(std::vector<PartPlace> parts, PartsIn(listing));
  ASSIGN_OR_RETURN(std::vector<PartPlace> in_data, PartsIn(List(folder / "data")));
  PutBefore("data", &in_data);
  for (PartPlace& part : in_data) {
    const bool is_there = std::any_of(parts.begin(), parts.end(), [&](const PartPlace& other) {
      return other.word == part.word;
    });
    if (!is_there) parts.push_back(std::move(part));
  }
  return parts;
}

// In one of these folders, each of which may be of another configuration.
absl::StatusOr<std::vector<PartPlace>> Finder::FindInOne(const std::vector<fs::path>& folders,
                                                         int levels) const {
  std::vector<PartPlace> parts;
  std::vector<std::string> found;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    if (name == FindPartWord(name)) continue;
    ASSIGN_OR_RETURN(std::vector<PartPlace> inner, Find(folder, levels));
    if (inner.empty()) continue;
    parts = std::move(inner);
    PutBefore(name, &parts);
    found.push_back(name);
  }
  if (found.size() <= 1) return parts;
  const fs::path parent = folders.front().parent_path();
  return absl::InvalidArgumentError(absl::StrCat(
      parent.string(), ": holds several data sets: ", absl::StrJoin(found, ", "),
      "; name the folder of one, as in --data_dir=", (parent / found.front()).string()));
}

absl::StatusOr<std::vector<PartPlace>> Finder::Find(const fs::path& folder, int levels) const {
  const Listing listing = List(folder);
  ASSIGN_OR_RETURN(std::vector<PartPlace> parts, PartsInOrInData(folder, listing));
  if (HasTrain(parts)) return parts;
  if (levels == 0) return std::vector<PartPlace>();
  return FindInOne(listing.folders, levels - 1);
}

bool NamesAPart(const fs::path& file) { return !FindPartWord(file.stem().string()).empty(); }

// All files of the folder or of its data/, if there are some and no name speaks of a part.
std::vector<PartPlace> TrainOfUnnamed(const fs::path& folder) {
  for (const std::string name : {"*.parquet", "data/*.parquet"}) {
    std::vector<fs::path> files = List((folder / name).parent_path()).files;
    if (files.empty()) continue;
    if (std::any_of(files.begin(), files.end(), NamesAPart)) return {};
    return {{"train", name, std::move(files)}};
  }
  return {};
}

// The number after "-of-" in the name, or 0 where there is none.
size_t ShardsNamedIn(const fs::path& shard) {
  const std::string stem = shard.stem().string();
  const size_t at = stem.rfind("-of-");
  if (at == std::string::npos) return 0;
  const auto begin = stem.begin() + static_cast<int64_t>(at) + 4;
  const auto end = std::find_if_not(
      begin, stem.end(), [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
  size_t count = 0;
  return absl::SimpleAtoi(std::string(begin, end), &count) ? count : 0;
}

}  // namespace

absl::StatusOr<std::vector<PartPlace>> FindShards(const fs::path& folder,
                                                  Configurations configurations) {
  ASSIGN_OR_RETURN(std::vector<PartPlace> parts, Finder(configurations).Find(folder));
  const bool is_all = configurations == Configurations::kLeftOut || !parts.empty();
  return is_all ? std::move(parts) : TrainOfUnnamed(folder);
}

absl::Status CheckAllShards(const PartPlace& part) {
  const size_t count = ShardsNamedIn(part.paths.front());
  if (count == 0 || count == part.paths.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      part.paths.front().parent_path().string(), ": has ", part.paths.size(), " of the ", count,
      " shards of ", part.word, "; ",
      part.paths.size() < count ? "get the others" : "take those of another version away"));
}

}  // namespace vitrine
