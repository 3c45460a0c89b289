#include "data/source/parquet/parquet.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

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
  ParquetSource(std::vector<ParquetShard> shards, int64_t cache_bytes)
      : shards_(std::move(shards)),
        classes_(static_cast<int64_t>(shards_[0].class_names().size())),
        cache_(cache_bytes) {
    for (const ParquetShard& shard : shards_) Add(shard);
  }

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }

  int64_t Label(int64_t index) const override {
    const int64_t label = Stored(index);
    return label < classes_ ? label : -1;
  }

  std::string Name(int64_t index) const override;
  absl::StatusOr<StoredImage> Read(int64_t index) const override;

 private:
  void Add(const ParquetShard& shard);

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
  std::vector<int64_t> labels_;  // as they are stored
  mutable LruCache<ParquetRowGroup> cache_;
};

void ParquetSource::Add(const ParquetShard& shard) {
  int64_t first_in_shard = 0;
  for (size_t i = 0; i < shard.labels().size(); ++i) {
    const std::vector<int64_t>& labels = shard.labels()[i];
    if (labels.empty()) continue;
    const auto size = static_cast<int64_t>(labels.size());
    groups_.push_back({&shard, static_cast<int>(i), first_in_shard, this->size(), size});
    labels_.insert(labels_.end(), labels.begin(), labels.end());
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
  if (label == kNullLabel) return absl::InvalidArgumentError("the label is null");
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

absl::Status CheckSameClasses(const ParquetShard& shard, const ParquetShard& first) {
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

}  // namespace

absl::StatusOr<ParquetImages> OpenParquet(std::span<const fs::path> shards, int64_t cache_bytes) {
  if (shards.empty()) return absl::InvalidArgumentError("no Parquet file is given");
  std::vector<ParquetShard> opened;
  for (const fs::path& path : shards) {
    ASSIGN_OR_RETURN(ParquetShard shard, ParquetShard::Open(path));
    opened.push_back(std::move(shard));
    RETURN_IF_ERROR(Annotate(CheckSameClasses(opened.back(), opened[0]), path.string()));
  }
  ParquetImages result;
  result.class_names = opened[0].class_names();
  result.images = std::make_shared<ParquetSource>(std::move(opened), cache_bytes);
  return result;
}

}  // namespace vitrine
