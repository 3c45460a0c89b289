// Which columns of a table hold the images and their labels.

#ifndef DATA_SOURCE_PARQUET_PARQUET_COLUMNS_H_
#define DATA_SOURCE_PARQUET_PARQUET_COLUMNS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/files/json.h"

namespace vitrine {

// By their names. Empty means the one that is found by what the table says of itself.
struct ParquetColumns {
  std::string image = {}, label = {};

  // A table without a column of labels, or with one that can hold but null, is fine, and has none.
  bool label_may_lack = false;
};

// A column as the table has it.
struct ColumnType {
  enum class Kind { kImageStruct, kBinary, kInteger, kText, kNull, kOther };

  std::string name;
  Kind kind;
  std::string type;  // for people
};

struct ColumnChoice {
  ParquetColumns taken;  // `label` is empty where it may lack and does
  std::vector<std::string> other_images,
      other_labels;  // of a right type too, where none was wanted
};

// Those of `wanted`, which must be of a right type. For the others: of the columns that the
// features describe as Image or ClassLabel, else of all of a right type, the one with the most
// usual name, else the first whose name is not one of something else (`image_id`, `__key__`), else
// the first. `features` are those of Hugging Face's metadata, an object, or null.
absl::StatusOr<ColumnChoice> ChooseColumns(const std::vector<ColumnType>& columns,
                                           const Json& features, const ParquetColumns& wanted);

// The names of the classes that the features give for a column; null if there are none.
const Json* FindClassNames(const Json& features, const std::string& column);

}  // namespace vitrine

#endif  // DATA_SOURCE_PARQUET_PARQUET_COLUMNS_H_
