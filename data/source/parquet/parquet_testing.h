// Parquet files made up for tests and benchmarks.

#ifndef DATA_SOURCE_PARQUET_PARQUET_TESTING_H_
#define DATA_SOURCE_PARQUET_PARQUET_TESTING_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vitrine {

struct ParquetRow {
  std::string image;  // the bytes of a file
  std::string path;
  int64_t label;
};

// Writes the rows in Hugging Face's layout, compressed with Snappy as they do, or stops the
// program.
void WriteTestParquet(const std::filesystem::path& path,
                      const std::vector<std::string>& class_names,
                      const std::vector<ParquetRow>& rows, int64_t rows_per_group = 100);

}  // namespace vitrine

#endif  // DATA_SOURCE_PARQUET_PARQUET_TESTING_H_
