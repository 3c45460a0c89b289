// Image data sets as Hugging Face's `datasets` writes them to Parquet files: the columns
// `image: struct<bytes: binary, path: string>` and `label: int64`, the class names in the schema's
// metadata, the rows in groups.
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

namespace vitrine {

// 25 row groups of 100 photographs of ImageNet.
constexpr int64_t kParquetCacheBytes = int64_t{256} << 20;

struct ParquetImages {
  std::vector<std::string> class_names;
  // EncodedBytes. Row groups are decoded whole, and those used last are kept up to `cache_bytes`:
  // reading in order decodes each once, reading at random mostly one for each image.
  std::shared_ptr<const ImageSource> images;
};

// The rows of all files, in the order given. Labels are read now, images when they are asked for.
// The files stay open, and must not change. Errors name the file, and the row group if it is about
// one:
//   NotFound, PermissionDenied  a file can't be opened
//   DataLoss                    it is damaged or cut off
//   InvalidArgument             it is not Parquet, has other columns, no class names or no rows, or
//                               other class names than the first file
// An image without bytes or of no class is an error of Read alone.
absl::StatusOr<ParquetImages> OpenParquet(std::span<const std::filesystem::path> shards,
                                          int64_t cache_bytes = kParquetCacheBytes);

}  // namespace vitrine

#endif  // DATA_SOURCE_PARQUET_PARQUET_H_
