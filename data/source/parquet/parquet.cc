#include "data/source/parquet/parquet.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/source/lru_cache.h"
#include "data/source/parquet/parquet_shard.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Where the rows of one row group are.
struct Group {
  const ParquetShard* shard;
  int number;              // within the shard
  int64_t first_in_shard;  // row
  int64_t first, size;     // images
};

class ParquetSource : public ImageSource {
 public:
  ParquetSource(std::vector<ParquetShard> shards, const std::vector<std::string>& class_names,
                int64_t cache_bytes)
      : shards_(std::move(shards)),
        classes_(static_cast<int64_t>(class_names.size())),
        cache_(cache_bytes) {
    for (const ParquetShard& shard : shards_) Add(shard, class_names);
  }

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }

  int64_t Label(int64_t index) const override {
    const int64_t label = Stored(index);
    return label < classes_ ? label : -1;
  }

  std::string Name(int64_t index) const override;
  absl::StatusOr<StoredImage> Read(int64_t index) const override;

 private:
  void Add(const ParquetShard& shard, const std::vector<std::string>& class_names);

  int64_t Stored(int64_t index) const {
    CHECK_GE(index, 0);
    CHECK_LT(index, size());
    return labels_[index];
  }

  const Group& GroupOf(int64_t index) const;
  static std::string Row(const Group& group, int64_t index) {
    return absl::StrCat(", row ", group.first_in_shard + index - group.first);
  }
  absl::Status CheckLabel(int64_t label) const;
  absl::StatusOr<StoredImage> ReadFrom(const Group& group, int64_t row) const;

  const std::vector<ParquetShard> shards_;
  const int64_t classes_;
  std::vector<Group> groups_;    // none of them empty
  std::vector<int64_t> labels_;  // classes; those that are none as they are stored
  mutable LruCache<ParquetRowGroup> cache_;
};

// Where the shard's own classes stand in the list of all, which has them.
std::vector<int64_t> PlacesOf(const std::vector<std::string>& own,
                              const std::vector<std::string>& all) {
  absl::flat_hash_map<std::string_view, int64_t> place;
  for (const std::string& name : all) place.emplace(name, place.size());
  std::vector<int64_t> places;
  for (const std::string& name : own) places.push_back(place.at(name));
  return places;
}

void ParquetSource::Add(const ParquetShard& shard, const std::vector<std::string>& class_names) {
  const std::vector<int64_t> places = PlacesOf(shard.class_names(), class_names);
  const auto count = static_cast<int64_t>(places.size());
  int64_t first_in_shard = 0;
  for (size_t i = 0; i < shard.labels().size(); ++i) {
    const std::vector<int64_t>& labels = shard.labels()[i];
    if (labels.empty()) continue;
    const auto size = static_cast<int64_t>(labels.size());
    groups_.push_back({&shard, static_cast<int>(i), first_in_shard, this->size(), size});
    for (const int64_t label : labels) {
      labels_.push_back(label >= 0 && label < count ? places[label] : label);
    }
    first_in_shard += size;
  }
}

const Group& ParquetSource::GroupOf(int64_t index) const {
  const auto after =
      std::upper_bound(groups_.begin(), groups_.end(), index,
                       [](int64_t i, const Group& group) { return i < group.first; });
  return *std::prev(after);
}

// The path is looked up each time: names are for people, who ask for few.
std::string ParquetSource::Name(int64_t index) const {
  const Group& group = GroupOf(index);
  const std::string name = absl::StrCat(group.shard->path().filename().string(), Row(group, index));
  const auto paths = group.shard->ReadPaths(group.number);
  if (!paths.ok() || (*paths)[index - group.first].empty()) return name;
  return absl::StrCat(name, " (", absl::Utf8SafeCHexEscape((*paths)[index - group.first]), ")");
}

absl::Status ParquetSource::CheckLabel(int64_t label) const {
  if (label >= 0 && label < classes_) return absl::OkStatus();
  if (label == kNullLabel) return absl::InvalidArgumentError("the label is null or empty");
  return absl::InvalidArgumentError(absl::StrCat("label ", label, " of ", classes_, " classes"));
}

absl::StatusOr<StoredImage> ParquetSource::ReadFrom(const Group& group, int64_t row) const {
  const int64_t key = &group - groups_.data();
  ASSIGN_OR_RETURN(std::shared_ptr<const ParquetRowGroup> images,
                   cache_.Get(key, [&] { return group.shard->ReadRowGroup(group.number); }));
  const std::string_view bytes = images->images[row];
  if (!bytes.empty()) return EncodedBytes{bytes, std::move(images)};
  return absl::InvalidArgumentError(absl::StrCat(
      group.shard->path().string(), ", row ", group.first_in_shard + row,
      ": no bytes of an image; write the data set with its images embedded, or leave out the row"));
}

absl::StatusOr<StoredImage> ParquetSource::Read(int64_t index) const {
  const int64_t label = Stored(index);
  const Group& group = GroupOf(index);
  RETURN_IF_ERROR(Annotate(CheckLabel(label), group.shard->path().string() + Row(group, index)));
  return ReadFrom(group, index - group.first);
}

std::string_view NameOf(ParquetLabels kind) {
  switch (kind) {
    case ParquetLabels::kOfList:
      return "indices of a list of classes";
    case ParquetLabels::kNumbers:
      return "numbers without names";
    case ParquetLabels::kTexts:
      return "text";
  }
  LOG(FATAL) << "not a kind: " << static_cast<int>(kind);
}

// What occurs in the one may lack in the other; a list is there whole.
absl::Status CheckSameClasses(const ParquetShard& shard, const ParquetShard& first) {
  if (shard.label_kind() != first.label_kind()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "its labels are ", NameOf(shard.label_kind()), ", but ", NameOf(first.label_kind()), " in ",
        first.path().string(), "; give files of one data set only"));
  }
  if (shard.label_kind() != ParquetLabels::kOfList) return absl::OkStatus();
  const std::vector<std::string>&names = shard.class_names(), &expected = first.class_names();
  if (names == expected) return absl::OkStatus();
  const std::string remedy =
      absl::StrCat(" in ", first.path().string(), "; give files of one data set only");
  if (names.size() != expected.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("names ", names.size(), " classes, but there are ", expected.size(), remedy));
  }
  const auto at = std::mismatch(names.begin(), names.end(), expected.begin()).first - names.begin();
  return absl::InvalidArgumentError(
      absl::StrCat("class ", at, " is '", absl::Utf8SafeCHexEscape(names[at]), "', but '",
                   absl::Utf8SafeCHexEscape(expected[at]), "'", remedy));
}

bool IsLess(ParquetLabels kind, const std::string& a, const std::string& b) {
  if (kind == ParquetLabels::kNumbers && a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

std::vector<std::string> ClassNames(const std::vector<ParquetShard>& shards) {
  const ParquetLabels kind = shards.front().label_kind();
  if (kind == ParquetLabels::kOfList) return shards.front().class_names();
  std::vector<std::string> names;
  for (const ParquetShard& shard : shards) {
    names.insert(names.end(), shard.class_names().begin(), shard.class_names().end());
  }
  std::sort(names.begin(), names.end(),
            [kind](const std::string& a, const std::string& b) { return IsLess(kind, a, b); });
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

absl::StatusOr<ParquetImages> OpenParquet(std::span<const fs::path> shards,
                                          const ParquetColumns& columns, int64_t cache_bytes) {
  if (shards.empty()) return absl::InvalidArgumentError("no Parquet file is given");
  std::vector<ParquetShard> opened;
  ParquetColumns wanted = columns;
  for (const fs::path& path : shards) {
    ASSIGN_OR_RETURN(ParquetShard shard, ParquetShard::Open(path, wanted));
    opened.push_back(std::move(shard));
    const ParquetColumns& taken = opened.front().columns().taken;
    wanted.image = taken.image;
    if (!taken.label.empty()) wanted.label = taken.label;
    RETURN_IF_ERROR(Annotate(CheckSameClasses(opened.back(), opened[0]), path.string()));
  }
  ParquetImages result;
  result.class_names = ClassNames(opened);
  result.has_class_list = opened.front().label_kind() == ParquetLabels::kOfList;
  result.columns = opened.front().columns();
  result.images =
      std::make_shared<ParquetSource>(std::move(opened), result.class_names, cache_bytes);
  return result;
}

}  // namespace vitrine
