#include "data/source/parquet/parquet_shard.h"

#include <algorithm>
#include <exception>
#include <new>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "arrow/array/array_binary.h"
#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/io/file.h"
#include "arrow/memory_pool.h"
#include "arrow/table.h"
#include "arrow/type_traits.h"
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

// Of texts or numbers, and bytes of one: more than data sets of images have, and what a column of
// captions or keys soon has.
constexpr size_t kMostClasses = 100'000;
constexpr size_t kLongestClass = 1000;

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

using ArrowFile = std::shared_ptr<arrow::io::RandomAccessFile>;

// Not opened by Arrow, so that errno tells what is wrong. Not mapped into memory: a file that gets
// shorter would end the program, and what is compressed is copied in any case.
absl::StatusOr<ArrowFile> ToArrow(FileDescriptor file) {
  return Guarded(
      [&]() -> arrow::Result<ArrowFile> { return arrow::io::ReadableFile::Open(file.Release()); });
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

// Columns without children, numbered as Parquet does; -1 where there is none.
struct Columns {
  int bytes = -1;
  int path = -1;
  int label = -1;
};

const parquet::arrow::SchemaField* Find(const Fields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.field->name() == name) return &field;
  }
  return nullptr;
}

bool IsBinary(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::LARGE_BINARY ||
         type.id() == arrow::Type::BINARY_VIEW;
}

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

ColumnType::Kind KindOfLeaf(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return KindOfLeaf(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  if (IsBinary(type)) return ColumnType::Kind::kBinary;
  if (IsText(type)) return ColumnType::Kind::kText;
  if (type.id() == arrow::Type::NA) return ColumnType::Kind::kNull;
  return arrow::is_integer(type.id()) ? ColumnType::Kind::kInteger : ColumnType::Kind::kOther;
}

ColumnType::Kind KindOf(const parquet::arrow::SchemaField& field) {
  if (field.is_leaf()) return KindOfLeaf(*field.field->type());
  const auto* const bytes = Find(field.children, "bytes");
  const bool is_image = field.field->type()->id() == arrow::Type::STRUCT && bytes != nullptr &&
                        bytes->is_leaf() && IsBinary(*bytes->field->type());
  return is_image ? ColumnType::Kind::kImageStruct : ColumnType::Kind::kOther;
}

std::vector<ColumnType> ColumnTypes(const Fields& fields) {
  std::vector<ColumnType> columns;
  for (const auto& field : fields) {
    columns.push_back(
        {field.field->name(), KindOf(field), OneLine(field.field->type()->ToString())});
  }
  return columns;
}

Columns Locate(const Fields& fields, const ParquetColumns& taken) {
  Columns columns;
  const auto& image = *Find(fields, taken.image);
  const auto* const path = Find(image.children, "path");
  columns.bytes = (image.is_leaf() ? image : *Find(image.children, "bytes")).column_index;
  if (path != nullptr && IsText(*path->field->type())) columns.path = path->column_index;
  if (!taken.label.empty()) columns.label = Find(fields, taken.label)->column_index;
  return columns;
}

// info.features of Hugging Face's metadata, or null.
Json ParseFeatures(const std::string& text) {
  const Json metadata = ParseJson(text);
  if (!metadata.is_object() || !metadata.contains("info")) return Json();
  const Json& info = metadata["info"];
  return info.is_object() && info.contains("features") ? info["features"] : Json();
}

absl::StatusOr<std::vector<std::string>> ParseClassNames(const Json& names) {
  std::vector<std::string> result;
  std::unordered_set<std::string> seen;
  for (const Json& name : names) {
    if (!name.is_string() || !seen.insert(name.get<std::string>()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the name of class ", result.size(),
                       " is no text or another's; give each class a name of its own"));
    }
    result.push_back(name.get<std::string>());
  }
  return result;
}

// Numbers the values that occur as they come.
class Occurring {
 public:
  absl::StatusOr<int64_t> IndexOf(std::string_view value) {
    if (value.size() > kLongestClass) {
      return absl::InvalidArgumentError(
          absl::StrCat("has a label of ", value.size(), " bytes, above ", kLongestClass,
                       "; set data.label_column to the column of the classes"));
    }
    const auto [found, is_new] = indices_.try_emplace(std::string(value), indices_.size());
    if (is_new) values_.emplace_back(value);
    if (values_.size() <= kMostClasses) return found->second;
    return absl::InvalidArgumentError(
        absl::StrCat("has more than ", kMostClasses,
                     " different labels; set data.label_column to the column of the classes"));
  }

  const std::vector<std::string>& values() const { return values_; }

 private:
  std::unordered_map<std::string, int64_t> indices_;
  std::vector<std::string> values_;
};

// The values of a dictionary's rows, of those of its entries.
template <typename Value>
void AppendEntries(const arrow::DictionaryArray& array, const std::vector<Value>& entries,
                   Value null, std::vector<Value>* values) {
  for (int64_t i = 0; i < array.length(); ++i) {
    values->push_back(array.IsNull(i) ? null : entries[array.GetValueIndex(i)]);
  }
}

template <typename Array>
void AppendViewsOf(const arrow::Array& array, std::vector<std::string_view>* views) {
  const auto& typed = static_cast<const Array&>(array);
  for (int64_t i = 0; i < typed.length(); ++i) {
    views->push_back(typed.IsNull(i) ? std::string_view() : typed.GetView(i));
  }
}

// Of binary or text, or of a dictionary or a struct with one child of these; null is empty.
void AppendViews(const arrow::Array& array, std::vector<std::string_view>* views) {
  switch (array.type_id()) {
    case arrow::Type::STRUCT: {
      const size_t first = views->size();
      AppendViews(*static_cast<const arrow::StructArray&>(array).field(0), views);
      for (int64_t i = 0; i < array.length(); ++i) {
        if (array.IsNull(i)) (*views)[first + i] = {};
      }
      return;
    }
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      std::vector<std::string_view> entries;
      AppendViews(*dictionary.dictionary(), &entries);
      return AppendEntries(dictionary, entries, std::string_view(), views);
    }
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::LARGE_STRING:
      return AppendViewsOf<arrow::LargeBinaryArray>(array, views);
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::STRING_VIEW:
      return AppendViewsOf<arrow::BinaryViewArray>(array, views);
    default:
      return AppendViewsOf<arrow::BinaryArray>(array, views);
  }
}

std::vector<std::string_view> Views(const arrow::ChunkedArray& column) {
  std::vector<std::string_view> views;
  for (const std::shared_ptr<arrow::Array>& chunk : column.chunks()) AppendViews(*chunk, &views);
  return views;
}

template <typename Array>
void AppendIntegersOf(const arrow::Array& array, std::vector<int64_t>* integers) {
  const auto& typed = static_cast<const Array&>(array);
  for (int64_t i = 0; i < typed.length(); ++i) {
    integers->push_back(typed.IsNull(i) ? kNullLabel : static_cast<int64_t>(typed.Value(i)));
  }
}

// Of integers, or of a dictionary of these; null is kNullLabel.
void AppendIntegers(const arrow::Array& array, std::vector<int64_t>* integers) {
  switch (array.type_id()) {
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      std::vector<int64_t> entries;
      AppendIntegers(*dictionary.dictionary(), &entries);
      return AppendEntries(dictionary, entries, kNullLabel, integers);
    }
    case arrow::Type::INT8:
      return AppendIntegersOf<arrow::Int8Array>(array, integers);
    case arrow::Type::UINT8:
      return AppendIntegersOf<arrow::UInt8Array>(array, integers);
    case arrow::Type::INT16:
      return AppendIntegersOf<arrow::Int16Array>(array, integers);
    case arrow::Type::UINT16:
      return AppendIntegersOf<arrow::UInt16Array>(array, integers);
    case arrow::Type::INT32:
      return AppendIntegersOf<arrow::Int32Array>(array, integers);
    case arrow::Type::UINT32:
      return AppendIntegersOf<arrow::UInt32Array>(array, integers);
    case arrow::Type::UINT64:
      return AppendIntegersOf<arrow::UInt64Array>(array, integers);
    default:
      return AppendIntegersOf<arrow::Int64Array>(array, integers);
  }
}

std::vector<int64_t> Integers(const arrow::ChunkedArray& column) {
  std::vector<int64_t> integers;
  for (const std::shared_ptr<arrow::Array>& chunk : column.chunks()) {
    AppendIntegers(*chunk, &integers);
  }
  return integers;
}

// Labels that no list gives names to, as indices of the values that occur.
absl::StatusOr<std::vector<int64_t>> Indices(const arrow::ChunkedArray& column, ParquetLabels kind,
                                             Occurring* occurring) {
  std::vector<int64_t> indices;
  if (kind == ParquetLabels::kTexts) {
    for (const std::string_view text : Views(column)) {
      indices.push_back(kNullLabel);
      if (text.empty()) continue;
      ASSIGN_OR_RETURN(indices.back(), occurring->IndexOf(text));
    }
    return indices;
  }
  indices = Integers(column);
  for (int64_t& number : indices) {
    if (number < 0) continue;
    ASSIGN_OR_RETURN(number, occurring->IndexOf(absl::StrCat(number)));
  }
  return indices;
}

}  // namespace

class ParquetShard::Reader {
 public:
  static absl::StatusOr<std::unique_ptr<const Reader>> Open(const fs::path& path,
                                                            RegularFile opened,
                                                            const ParquetColumns& wanted);

  // One column of a row group.
  struct Decoded {
    std::shared_ptr<Memory> memory;  // goes last
    std::shared_ptr<arrow::ChunkedArray> column;
  };
  absl::StatusOr<Decoded> ReadColumn(int group, int column) const;

  fs::path path;
  ColumnChoice choice;
  Columns columns;
  ParquetLabels label_kind = ParquetLabels::kOfList;
  std::vector<std::string> class_names;
  std::vector<std::vector<int64_t>> labels;

 private:
  absl::Status ReadFooter(const ArrowFile& file, const ParquetColumns& wanted);
  absl::Status SettleLabels(const Fields& fields, const Json& features);
  absl::Status ReadRowCounts();
  absl::Status ReadLabels(const ArrowFile& file);
  absl::StatusOr<ArrowFile> OpenAgain() const;
  absl::StatusOr<Decoded> ReadColumn(const ArrowFile& file, int group, int column) const;
  arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> MakeReader(
      const ArrowFile& file, arrow::MemoryPool* pool) const;

  int64_t size_ = 0;  // of the file
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<int64_t> row_counts_;  // that the metadata promises
};

// Each reading has a reader of its own, since one is not for several threads; the metadata, which
// is costly to parse, is shared. No threads of Arrow's: the caller has its own.
arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> ParquetShard::Reader::MakeReader(
    const ArrowFile& file, arrow::MemoryPool* pool) const {
  parquet::ReaderProperties properties(pool);
  properties.set_page_checksum_verification(true);
  parquet::ArrowReaderProperties to_arrow(/*use_threads=*/false);
  to_arrow.set_pre_buffer(false);
  return parquet::arrow::FileReader::Make(
      pool, parquet::ParquetFileReader::Open(file, properties, metadata_), to_arrow);
}

// Files are open only while they are read, so that there may be more of them than a process may
// have open.
absl::StatusOr<ArrowFile> ParquetShard::Reader::OpenAgain() const {
  ASSIGN_OR_RETURN(RegularFile opened, OpenRegularFile(path));
  if (opened.size == size_) return ToArrow(std::move(opened.file));
  return absl::DataLossError(absl::StrCat(path.string(), ": has changed, from ", size_, " to ",
                                          opened.size, " bytes, since it was opened; start again"));
}

absl::StatusOr<ParquetShard::Reader::Decoded> ParquetShard::Reader::ReadColumn(int group,
                                                                               int column) const {
  ASSIGN_OR_RETURN(const ArrowFile file, OpenAgain());
  return Annotate(ReadColumn(file, group, column), path.string());
}

absl::StatusOr<ParquetShard::Reader::Decoded> ParquetShard::Reader::ReadColumn(
    const ArrowFile& file, int group, int column) const {
  Decoded decoded{std::make_shared<Memory>(), nullptr};
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
    ARROW_ASSIGN_OR_RAISE(const auto reader, MakeReader(file, &decoded.memory->limited));
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

absl::Status ParquetShard::Reader::ReadFooter(const ArrowFile& file, const ParquetColumns& wanted) {
  ASSIGN_OR_RETURN(metadata_, Guarded([&]() -> arrow::Result<decltype(metadata_)> {
                     return parquet::ReadMetaData(file);
                   }));
  Memory memory;
  ASSIGN_OR_RETURN(const auto reader, Guarded([&] { return MakeReader(file, &memory.limited); }));
  const Fields& fields = reader->manifest().schema_fields;
  const auto& pairs = metadata_->key_value_metadata();
  const int at = pairs == nullptr ? -1 : pairs->FindKey("huggingface");
  const Json features = at < 0 ? Json() : ParseFeatures(pairs->value(at));
  ASSIGN_OR_RETURN(choice, ChooseColumns(ColumnTypes(fields), features, wanted));
  columns = Locate(fields, choice.taken);
  return SettleLabels(fields, features);
}

absl::Status ParquetShard::Reader::SettleLabels(const Fields& fields, const Json& features) {
  if (columns.label < 0) return absl::OkStatus();
  if (KindOf(*Find(fields, choice.taken.label)) == ColumnType::Kind::kText) {
    label_kind = ParquetLabels::kTexts;
    return absl::OkStatus();
  }
  if (const Json* const names = FindClassNames(features, choice.taken.label)) {
    ASSIGN_OR_RETURN(class_names, ParseClassNames(*names));
  } else {
    label_kind = ParquetLabels::kNumbers;
  }
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

absl::Status ParquetShard::Reader::ReadLabels(const ArrowFile& file) {
  Occurring occurring;
  for (size_t i = 0; i < row_counts_.size(); ++i) {
    if (columns.label < 0) {
      labels.emplace_back(row_counts_[i], kNullLabel);
      continue;
    }
    ASSIGN_OR_RETURN(const Decoded decoded, ReadColumn(file, static_cast<int>(i), columns.label));
    if (label_kind == ParquetLabels::kOfList) {
      labels.push_back(Integers(*decoded.column));
    } else {
      ASSIGN_OR_RETURN(labels.emplace_back(), Indices(*decoded.column, label_kind, &occurring));
    }
  }
  if (label_kind != ParquetLabels::kOfList) class_names = occurring.values();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const ParquetShard::Reader>> ParquetShard::Reader::Open(
    const fs::path& path, RegularFile opened, const ParquetColumns& wanted) {
  auto reader = std::make_unique<Reader>();
  reader->path = path;
  reader->size_ = opened.size;
  ASSIGN_OR_RETURN(const ArrowFile file, ToArrow(std::move(opened.file)));
  RETURN_IF_ERROR(CheckMagic(*file));
  RETURN_IF_ERROR(reader->ReadFooter(file, wanted));
  RETURN_IF_ERROR(reader->ReadRowCounts());
  RETURN_IF_ERROR(reader->ReadLabels(file));
  return reader;
}

absl::StatusOr<ParquetShard> ParquetShard::Open(const fs::path& path,
                                                const ParquetColumns& wanted) {
  ASSIGN_OR_RETURN(RegularFile opened, OpenRegularFile(path));
  ASSIGN_OR_RETURN(std::unique_ptr<const Reader> reader,
                   Annotate(Reader::Open(path, std::move(opened), wanted), path.string()));
  return ParquetShard(std::move(reader));
}

ParquetShard::ParquetShard(std::unique_ptr<const Reader> reader) : reader_(std::move(reader)) {}
ParquetShard::ParquetShard(ParquetShard&& other) noexcept = default;
ParquetShard::~ParquetShard() = default;

const fs::path& ParquetShard::path() const { return reader_->path; }

const ColumnChoice& ParquetShard::columns() const { return reader_->choice; }

ParquetLabels ParquetShard::label_kind() const { return reader_->label_kind; }

const std::vector<std::string>& ParquetShard::class_names() const { return reader_->class_names; }

const std::vector<std::vector<int64_t>>& ParquetShard::labels() const { return reader_->labels; }

absl::StatusOr<std::shared_ptr<const ParquetRowGroup>> ParquetShard::ReadRowGroup(int group) const {
  ASSIGN_OR_RETURN(Reader::Decoded decoded, reader_->ReadColumn(group, reader_->columns.bytes));
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
                   reader_->ReadColumn(group, reader_->columns.path));
  const std::vector<std::string_view> views = Views(*decoded.column);
  return std::vector<std::string>(views.begin(), views.end());
}

}  // namespace vitrine
