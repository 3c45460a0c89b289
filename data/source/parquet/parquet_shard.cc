#include "data/source/parquet/parquet_shard.h"

#include <algorithm>
#include <exception>
#include <new>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/io/file.h"
#include "arrow/memory_pool.h"
#include "arrow/table.h"
#include "arrow/util/key_value_metadata.h"
#include "base/files/file_descriptor.h"
#include "base/files/json.h"
#include "base/status_macros.h"
#include "parquet/arrow/reader.h"
#include "parquet/arrow/schema.h"
#include "parquet/exception.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "parquet/properties.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using Fields = std::vector<parquet::arrow::SchemaField>;

// A few kilobytes can ask for any amount: the tables of what is repeated, and compression. Row
// groups of images take about 10 MB.
constexpr int64_t kMostBytes = int64_t{1} << 30;

// Of one file. All of ImageNet has a tenth of that.
constexpr int64_t kMostRows = int64_t{1} << 24;

// What a file begins and ends with. Before the end comes the length of the footer.
constexpr std::string_view kMagic = "PAR1";
constexpr int64_t kLeastSize = 12;

constexpr char kExpectedImage[] = "struct<bytes: binary, path: string>";

// Arrow's messages can have several lines, and hold what was found in the file.
std::string OneLine(std::string_view message) {
  constexpr size_t kLongest = 200;
  std::string line(message.substr(0, kLongest));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return line;
}

absl::Status Damaged(std::string_view message) {
  return absl::DataLossError(absl::StrCat(OneLine(message), "; get the file again"));
}

absl::Status FromArrow(const arrow::Status& status) {
  if (status.ok()) return absl::OkStatus();
  if (!status.IsOutOfMemory()) return Damaged(status.message());
  return absl::InvalidArgumentError(absl::StrCat(
      "takes more than ", kMostBytes >> 20, " MiB of memory; write it with smaller row groups"));
}

// Arrow returns errors, Parquet throws them, and a hostile file may cause any other exception. All
// become a status here.
template <typename Function>  // arrow::Result<T>()
auto Guarded(Function function) -> absl::StatusOr<typename decltype(function())::ValueType> {
  try {
    auto result = function();
    if (!result.ok()) return FromArrow(result.status());
    return std::move(result).ValueUnsafe();
  } catch (const parquet::ParquetStatusException& error) {
    return FromArrow(error.status());
  } catch (const std::bad_alloc&) {
    return FromArrow(arrow::Status::OutOfMemory(""));
  } catch (const std::exception& error) {
    return Damaged(error.what());
  }
}

// Where one reading has its memory from. Must outlive all that it reads.
struct Memory {
  arrow::ProxyMemoryPool counted{arrow::default_memory_pool()};
  arrow::CappedMemoryPool limited{&counted, kMostBytes};
};

// Not opened by Arrow, so that errno tells what is wrong. Not mapped into memory: a file that gets
// shorter would end the program, and what is compressed is copied in any case.
absl::StatusOr<std::shared_ptr<arrow::io::RandomAccessFile>> ToArrow(FileDescriptor file) {
  return Guarded([&]() -> arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> {
    return arrow::io::ReadableFile::Open(file.Release());
  });
}

absl::StatusOr<std::string> ReadAt(arrow::io::RandomAccessFile& file, int64_t position) {
  ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Buffer> buffer,
                   Guarded([&] { return file.ReadAt(position, kMagic.size()); }));
  return buffer->ToString();
}

absl::Status CheckMagic(arrow::io::RandomAccessFile& file) {
  ASSIGN_OR_RETURN(const int64_t size, Guarded([&] { return file.GetSize(); }));
  if (size < kLeastSize) return Damaged(absl::StrCat("truncated: ", size, " bytes"));
  ASSIGN_OR_RETURN(const std::string first, ReadAt(file, 0));
  if (first != kMagic) {
    return absl::InvalidArgumentError(absl::StrCat(
        "not a Parquet file: it begins with '", absl::CHexEscape(first), "' instead of '", kMagic,
        "'; get the file itself, not a page about it or a pointer to it"));
  }
  ASSIGN_OR_RETURN(const std::string last, ReadAt(file, size - kMagic.size()));
  if (last == kMagic) return absl::OkStatus();
  return Damaged(absl::StrCat("truncated: ", size, " bytes that don't end with '", kMagic, "'"));
}

// Columns without children, numbered as Parquet does.
struct Columns {
  int bytes = -1;
  int path = -1;  // -1 where there is none
  int label = -1;
};

const parquet::arrow::SchemaField* Find(const Fields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.field->name() == name) return &field;
  }
  return nullptr;
}

absl::StatusOr<const parquet::arrow::SchemaField*> FindColumn(const Fields& fields,
                                                              std::string_view name,
                                                              std::string_view expected) {
  if (const auto* field = Find(fields, name)) return field;
  const std::string names = absl::StrJoin(fields, ", ", [](std::string* out, const auto& field) {
    absl::StrAppend(out, field.field->name());
  });
  return absl::InvalidArgumentError(absl::StrCat("has no column `", name, "`, which must be ",
                                                 expected, "; it has: ", OneLine(names)));
}

absl::Status WrongType(const parquet::arrow::SchemaField& field, std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(
      "column `", field.field->name(), "` is ", OneLine(field.field->type()->ToString()),
      "; it must be ", expected, ", as Hugging Face's datasets writes it"));
}

bool IsOneOf(const parquet::arrow::SchemaField* field, arrow::Type::type a, arrow::Type::type b) {
  return field != nullptr && (field->field->type()->id() == a || field->field->type()->id() == b);
}

absl::StatusOr<Columns> FindColumns(const Fields& fields) {
  using Type = arrow::Type;
  ASSIGN_OR_RETURN(const auto* image, FindColumn(fields, "image", kExpectedImage));
  ASSIGN_OR_RETURN(const auto* label, FindColumn(fields, "label", "int64"));
  const bool is_struct = image->field->type()->id() == Type::STRUCT;
  const auto* bytes = is_struct ? Find(image->children, "bytes") : nullptr;
  const auto* path = is_struct ? Find(image->children, "path") : nullptr;
  const bool is_path_right = path == nullptr || IsOneOf(path, Type::STRING, Type::LARGE_STRING);
  if (!IsOneOf(bytes, Type::BINARY, Type::LARGE_BINARY) || !is_path_right) {
    return WrongType(*image, kExpectedImage);
  }
  if (!IsOneOf(label, Type::INT64, Type::INT64)) return WrongType(*label, "int64");
  return Columns{bytes->column_index, path != nullptr ? path->column_index : -1,
                 label->column_index};
}

// info.features.label.names, or null.
const Json* FindNames(const Json& metadata) {
  const Json* node = &metadata;
  for (const char* key : {"info", "features", "label", "names"}) {
    if (!node->is_object() || !node->contains(key)) return nullptr;
    node = &(*node)[key];
  }
  return node->is_array() && !node->empty() ? node : nullptr;
}

absl::StatusOr<std::vector<std::string>> ParseClassNames(const std::string& text) {
  const Json metadata = ParseJson(text);
  const Json* names = FindNames(metadata);
  if (names == nullptr) {
    return absl::InvalidArgumentError(
        "names no classes (info.features.label.names of the metadata `huggingface`); write it with "
        "Hugging Face's datasets, the feature `label` as a ClassLabel");
  }
  std::vector<std::string> result;
  std::unordered_set<std::string> seen;
  for (const Json& name : *names) {
    if (!name.is_string() || !seen.insert(name.get<std::string>()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the name of class ", result.size(),
                       " is no text or another's; give each class a name of its own"));
    }
    result.push_back(name.get<std::string>());
  }
  return result;
}

// The views of a column of binary or string, null as empty.
template <typename Array>
void AppendViews(const arrow::Array& outer, const arrow::Array& inner,
                 std::vector<std::string_view>* views) {
  const auto& array = static_cast<const Array&>(inner);
  for (int64_t i = 0; i < array.length(); ++i) {
    const bool is_null = outer.IsNull(i) || array.IsNull(i);
    views->push_back(is_null ? std::string_view() : array.GetView(i));
  }
}

// Of a struct with one child.
std::vector<std::string_view> Views(const arrow::ChunkedArray& column) {
  std::vector<std::string_view> views;
  for (const std::shared_ptr<arrow::Array>& chunk : column.chunks()) {
    const std::shared_ptr<arrow::Array> child =
        static_cast<const arrow::StructArray&>(*chunk).field(0);
    const arrow::Type::type type = child->type_id();
    if (type == arrow::Type::LARGE_BINARY || type == arrow::Type::LARGE_STRING) {
      AppendViews<arrow::LargeBinaryArray>(*chunk, *child, &views);
    } else {
      AppendViews<arrow::BinaryArray>(*chunk, *child, &views);
    }
  }
  return views;
}

std::vector<int64_t> Integers(const arrow::ChunkedArray& column, int64_t null) {
  std::vector<int64_t> integers;
  for (const std::shared_ptr<arrow::Array>& chunk : column.chunks()) {
    const auto& array = static_cast<const arrow::Int64Array&>(*chunk);
    for (int64_t i = 0; i < array.length(); ++i) {
      integers.push_back(array.IsNull(i) ? null : array.Value(i));
    }
  }
  return integers;
}

}  // namespace

class ParquetShard::Reader {
 public:
  static absl::StatusOr<std::unique_ptr<const Reader>> Open(const fs::path& path,
                                                            FileDescriptor file);

  // One column of a row group.
  struct Decoded {
    std::shared_ptr<Memory> memory;  // goes last
    std::shared_ptr<arrow::ChunkedArray> column;
  };
  absl::StatusOr<Decoded> ReadColumn(int group, int column) const;

  fs::path path;
  Columns columns;
  std::vector<std::string> class_names;
  std::vector<std::vector<int64_t>> labels;

 private:
  absl::Status ReadFooter();
  absl::Status ReadRowCounts();
  absl::Status ReadLabels();
  arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> MakeReader(
      arrow::MemoryPool* pool) const;

  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<int64_t> row_counts_;  // that the metadata promises
};

// Each reading has a reader of its own, since one is not for several threads; the metadata, which
// is costly to parse, and the file are shared. No threads of Arrow's: the caller has its own.
arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> ParquetShard::Reader::MakeReader(
    arrow::MemoryPool* pool) const {
  parquet::ReaderProperties properties(pool);
  properties.set_page_checksum_verification(true);
  parquet::ArrowReaderProperties to_arrow(/*use_threads=*/false);
  to_arrow.set_pre_buffer(false);
  return parquet::arrow::FileReader::Make(
      pool, parquet::ParquetFileReader::Open(file_, properties, metadata_), to_arrow);
}

absl::StatusOr<ParquetShard::Reader::Decoded> ParquetShard::Reader::ReadColumn(int group,
                                                                               int column) const {
  Decoded decoded{std::make_shared<Memory>(), nullptr};
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
    ARROW_ASSIGN_OR_RAISE(const auto reader, MakeReader(&decoded.memory->limited));
    ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadRowGroup(group, {column}));
    ARROW_RETURN_NOT_OK(table->ValidateFull());
    return table;
  };
  const std::string where = absl::StrCat("row group ", group);
  ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Table> table, Annotate(Guarded(read), where));
  decoded.column = table->column(0);
  if (decoded.column->length() == row_counts_[group]) return decoded;
  return Annotate(Damaged(absl::StrCat("holds ", decoded.column->length(), " rows instead of ",
                                       row_counts_[group])),
                  where);
}

absl::Status ParquetShard::Reader::ReadFooter() {
  ASSIGN_OR_RETURN(metadata_, Guarded([&]() -> arrow::Result<decltype(metadata_)> {
                     return parquet::ReadMetaData(file_);
                   }));
  Memory memory;
  ASSIGN_OR_RETURN(const auto reader, Guarded([&] { return MakeReader(&memory.limited); }));
  ASSIGN_OR_RETURN(columns, FindColumns(reader->manifest().schema_fields));
  const auto& pairs = metadata_->key_value_metadata();
  const int at = pairs == nullptr ? -1 : pairs->FindKey("huggingface");
  ASSIGN_OR_RETURN(class_names, ParseClassNames(at < 0 ? "" : pairs->value(at)));
  return absl::OkStatus();
}

absl::Status ParquetShard::Reader::ReadRowCounts() {
  ASSIGN_OR_RETURN(row_counts_, Guarded([&]() -> arrow::Result<std::vector<int64_t>> {
                     std::vector<int64_t> counts;
                     for (int i = 0; i < metadata_->num_row_groups(); ++i) {
                       counts.push_back(metadata_->RowGroup(i)->num_rows());
                     }
                     return counts;
                   }));
  int64_t rows = 0;
  for (size_t i = 0; i < row_counts_.size(); ++i) {
    if (row_counts_[i] < 0 || row_counts_[i] > kMostRows - rows) {
      return Damaged(absl::StrCat("row group ", i, ": holds ", row_counts_[i], " rows; a file has ",
                                  kMostRows, " at most"));
    }
    rows += row_counts_[i];
  }
  if (rows > 0) return absl::OkStatus();
  return absl::InvalidArgumentError("has no rows; choose a file with data");
}

absl::Status ParquetShard::Reader::ReadLabels() {
  for (size_t i = 0; i < row_counts_.size(); ++i) {
    ASSIGN_OR_RETURN(const Decoded decoded, ReadColumn(static_cast<int>(i), columns.label));
    labels.push_back(Integers(*decoded.column, kNullLabel));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const ParquetShard::Reader>> ParquetShard::Reader::Open(
    const fs::path& path, FileDescriptor file) {
  auto reader = std::make_unique<Reader>();
  reader->path = path;
  ASSIGN_OR_RETURN(reader->file_, ToArrow(std::move(file)));
  RETURN_IF_ERROR(CheckMagic(*reader->file_));
  RETURN_IF_ERROR(reader->ReadFooter());
  RETURN_IF_ERROR(reader->ReadRowCounts());
  RETURN_IF_ERROR(reader->ReadLabels());
  return reader;
}

absl::StatusOr<ParquetShard> ParquetShard::Open(const fs::path& path) {
  ASSIGN_OR_RETURN(RegularFile opened, OpenRegularFile(path));
  ASSIGN_OR_RETURN(std::unique_ptr<const Reader> reader,
                   Annotate(Reader::Open(path, std::move(opened.file)), path.string()));
  return ParquetShard(std::move(reader));
}

ParquetShard::ParquetShard(std::unique_ptr<const Reader> reader) : reader_(std::move(reader)) {}
ParquetShard::ParquetShard(ParquetShard&& other) noexcept = default;
ParquetShard::~ParquetShard() = default;

const fs::path& ParquetShard::path() const { return reader_->path; }

const std::vector<std::string>& ParquetShard::class_names() const { return reader_->class_names; }

const std::vector<std::vector<int64_t>>& ParquetShard::labels() const { return reader_->labels; }

absl::StatusOr<std::shared_ptr<const ParquetRowGroup>> ParquetShard::ReadRowGroup(int group) const {
  ASSIGN_OR_RETURN(Reader::Decoded decoded,
                   Annotate(reader_->ReadColumn(group, reader_->columns.bytes), path().string()));
  auto result = std::make_shared<ParquetRowGroup>();
  result->images = Views(*decoded.column);
  result->size = decoded.memory->counted.bytes_allocated();
  result->owner = std::make_shared<Reader::Decoded>(std::move(decoded));
  return result;
}

absl::StatusOr<std::vector<std::string>> ParquetShard::ReadPaths(int group) const {
  if (reader_->columns.path < 0) {
    return std::vector<std::string>(reader_->labels[group].size());
  }
  ASSIGN_OR_RETURN(const Reader::Decoded decoded,
                   Annotate(reader_->ReadColumn(group, reader_->columns.path), path().string()));
  const std::vector<std::string_view> views = Views(*decoded.column);
  return std::vector<std::string>(views.begin(), views.end());
}

}  // namespace vitrine
