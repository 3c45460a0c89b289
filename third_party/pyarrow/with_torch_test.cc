// libarrow, libparquet and libtorch in one program: each must find its own code.

#include <memory>

#include "ATen/ops/arange.h"
#include "ATen/ops/sum.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "gtest/gtest.h"
#include "parquet/arrow/reader.h"
#include "parquet/arrow/writer.h"

namespace vitrine {
namespace {

constexpr int64_t kCount = 1000;

std::shared_ptr<arrow::Buffer> WriteNumbers() {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < kCount; ++i) EXPECT_TRUE(builder.Append(i).ok());
  const auto schema = arrow::schema({arrow::field("number", arrow::int64())});
  const auto table = arrow::Table::Make(schema, {builder.Finish().ValueOrDie()});
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto snappy =
      parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
  EXPECT_TRUE(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, kCount, snappy).ok());
  return out->Finish().ValueOrDie();
}

TEST(WithTorchTest, ParquetAndTensorsAgree) {
  const auto file = std::make_shared<arrow::io::BufferReader>(WriteNumbers());
  const auto reader = parquet::arrow::OpenFile(file, arrow::default_memory_pool()).ValueOrDie();
  const auto table = reader->ReadTable().ValueOrDie();
  const auto column = std::static_pointer_cast<arrow::Int64Array>(table->column(0)->chunk(0));
  int64_t sum = 0;
  for (int64_t i = 0; i < column->length(); ++i) sum += column->Value(i);
  EXPECT_EQ(sum, at::arange(kCount).sum().item<int64_t>());
}

TEST(WithTorchTest, ErrorsOfBothAreCaught) {
  EXPECT_THROW(at::arange(2).sum(7), c10::Error);
  const std::shared_ptr<arrow::io::BufferReader> empty =
      arrow::io::BufferReader::FromString("not Parquet");
  EXPECT_FALSE(parquet::arrow::OpenFile(empty, arrow::default_memory_pool()).ok());
}

}  // namespace
}  // namespace vitrine
