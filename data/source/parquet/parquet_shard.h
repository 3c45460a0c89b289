// One Parquet file of a data set: its images, their labels, and which classes there are. Takes its
// input to be hostile. Nothing of Arrow is seen from outside.
//
//   ASSIGN_OR_RETURN(const ParquetShard shard,
//                    ParquetShard::Open("train-00000-of-00002.parquet", ParquetColumns()));
//   ASSIGN_OR_RETURN(const auto group, shard.ReadRowGroup(0));
//   group->images[0];  // the bytes of an image file, of class shard.labels()[0][0]

#ifndef DATA_SOURCE_PARQUET_PARQUET_SHARD_H_
#define DATA_SOURCE_PARQUET_PARQUET_SHARD_H_

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source/parquet/parquet_columns.h"

namespace vitrine {

// What stands for a label that is null or an empty text.
constexpr int64_t kNullLabel = std::numeric_limits<int64_t>::min();

struct ParquetRowGroup {
  std::vector<std::string_view> images;  // the bytes of image files; empty where they are null
  std::shared_ptr<const void> owner;     // of these bytes
  int64_t size = 0;                      // the memory that all takes

  int64_t bytes() const { return size; }
};

// What labels are.
enum class ParquetLabels {
  kOfList,   // indices of a list of classes in Hugging Face's metadata
  kNumbers,  // numbers without names; negative means none
  kTexts,
};

// Any number of threads may read at once.
class ParquetShard {
 public:
  // Reads what there is beside images. Errors name the file:
  //   NotFound, PermissionDenied  it can't be opened
  //   DataLoss                    it is damaged or cut off
  //   InvalidArgument             it is no Parquet file, has other columns, more classes than a
  //                               model can tell, or asks for more memory than images need
  static absl::StatusOr<ParquetShard> Open(const std::filesystem::path& path,
                                           const ParquetColumns& wanted);

  ParquetShard(ParquetShard&& other) noexcept;
  ~ParquetShard();

  const std::filesystem::path& path() const;
  const ColumnChoice& columns() const;

  // All classes of the list, or the numbers or texts that occur, in any order.
  ParquetLabels label_kind() const;
  const std::vector<std::string>& class_names() const;

  // Indices of class_names, one vector for each row group. Those that are none are as stored, or
  // kNullLabel.
  const std::vector<std::vector<int64_t>>& labels() const;

  // Decodes a row group whole: Parquet has no smaller unit that can be found without reading on.
  // Errors as above, with the row group.
  absl::StatusOr<std::shared_ptr<const ParquetRowGroup>> ReadRowGroup(int group) const;

  // The names that the files of a row group had before they were put here, empty where there is
  // none.
  absl::StatusOr<std::vector<std::string>> ReadPaths(int group) const;

 private:
  class Reader;

  explicit ParquetShard(std::unique_ptr<const Reader> reader);

  std::unique_ptr<const Reader> reader_;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_PARQUET_PARQUET_SHARD_H_
