// Image data sets in Parquet files, as Hugging Face's `datasets` and others write them: a column of
// images, struct<bytes: binary, path: string> or binary, and one of labels, integers or text.
//
//   ASSIGN_OR_RETURN(const ParquetImages train, OpenParquet(shards));
//   ASSIGN_OR_RETURN(const StoredImage image, train.images->Read(0));

#ifndef DATA_SOURCE_PARQUET_PARQUET_H_
#define DATA_SOURCE_PARQUET_PARQUET_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source/image_source.h"
#include "data/source/parquet/parquet_columns.h"

namespace vitrine {

// 25 row groups of 100 photographs of ImageNet.
constexpr int64_t kParquetCacheBytes = int64_t{256} << 20;

struct ParquetImages {
  // Those of the list in Hugging Face's metadata. Without one, the numbers that occur as labels, in
  // rising order, or the texts, as bytes.
  std::vector<std::string> class_names;
  bool has_class_list = false;

  ColumnChoice columns;  // of all files
  // EncodedBytes. Row groups are decoded whole, and those used last are kept up to `cache_bytes`:
  // reading in order decodes each once, reading at random mostly one for each image.
  std::shared_ptr<const ImageSource> images;
};

// The rows of all files, in the order given; the columns that are taken of the first are those of
// all. Labels are read now, images when they are asked for.
// A file is open only while it is read, and must not change. Errors name the file, and the row
// group if it is about one:
//   NotFound, PermissionDenied  a file can't be opened
//   DataLoss                    it is damaged or cut off
//   InvalidArgument             it is not Parquet, has no such columns or no rows, or another list
//                               of classes or type of labels than the first file
// An image without bytes or of no class is an error of Read alone.
absl::StatusOr<ParquetImages> OpenParquet(std::span<const std::filesystem::path> shards,
                                          const ParquetColumns& columns = {},
                                          int64_t cache_bytes = kParquetCacheBytes);

}  // namespace vitrine

#endif  // DATA_SOURCE_PARQUET_PARQUET_H_
