#include "data/source/parquet/parquet_testing.h"

#include <memory>

#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_nested.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/io/file.h"
#include "arrow/table.h"
#include "arrow/util/key_value_metadata.h"
#include "glog/logging.h"
#include "nlohmann/json.hpp"
#include "parquet/arrow/writer.h"
#include "parquet/properties.h"

namespace vitrine {
namespace {

void CheckOk(const arrow::Status& status) { CHECK(status.ok()) << status.ToString(); }

std::shared_ptr<const arrow::KeyValueMetadata> Metadata(const std::vector<std::string>& names) {
  nlohmann::ordered_json json;
  json["info"]["features"]["label"]["names"] = names;
  return arrow::key_value_metadata({"huggingface"}, {json.dump()});
}

std::shared_ptr<arrow::Table> MakeTable(const std::vector<std::string>& class_names,
                                        const std::vector<ParquetRow>& rows) {
  auto* const pool = arrow::default_memory_pool();
  const auto bytes = std::make_shared<arrow::BinaryBuilder>(pool);
  const auto path = std::make_shared<arrow::StringBuilder>(pool);
  const auto type =
      arrow::struct_({arrow::field("bytes", arrow::binary()), arrow::field("path", arrow::utf8())});
  arrow::StructBuilder image(type, pool, {bytes, path});
  arrow::Int64Builder label(pool);
  for (const ParquetRow& row : rows) {
    CheckOk(image.Append());
    CheckOk(bytes->Append(row.image));
    CheckOk(path->Append(row.path));
    CheckOk(label.Append(row.label));
  }
  const auto schema = arrow::schema(
      {arrow::field("image", type), arrow::field("label", arrow::int64())}, Metadata(class_names));
  return arrow::Table::Make(schema, {image.Finish().ValueOrDie(), label.Finish().ValueOrDie()});
}

}  // namespace

void WriteTestParquet(const std::filesystem::path& path,
                      const std::vector<std::string>& class_names,
                      const std::vector<ParquetRow>& rows, int64_t rows_per_group) {
  const auto file = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
  const auto snappy =
      parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
  // Without it, nor is the metadata stored.
  const auto with_schema = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  CheckOk(parquet::arrow::WriteTable(*MakeTable(class_names, rows), arrow::default_memory_pool(),
                                     file, rows_per_group, snappy, with_schema));
  CheckOk(file->Close());
}

}  // namespace vitrine
