#include "base/files/csv.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace vitrine {

namespace {

std::string_view Cell(std::string_view row, size_t column) {
  for (; column > 0; --column) row.remove_prefix(row.find(',') + 1);
  return row.substr(0, row.find(','));
}

}  // namespace

absl::StatusOr<CsvTable> CsvTable::Parse(std::string text) {
  CsvTable table;
  table.text_ = std::make_shared<const std::string>(std::move(text));
  std::string_view rest = *table.text_;
  if (!absl::ConsumeSuffix(&rest, "\n")) return absl::DataLossError("does not end with a line");
  for (const std::string_view line : absl::StrSplit(rest, '\n')) {
    if (table.names_.empty()) {
      table.names_ = absl::StrSplit(line, ',');
      continue;
    }
    const size_t cells = 1 + std::count(line.begin(), line.end(), ',');
    if (cells != table.names_.size()) {
      return absl::DataLossError(absl::StrCat("line ", table.rows() + 2, ": has ", cells,
                                              " cells, not ", table.names_.size()));
    }
    table.rows_.push_back(line);
  }
  return table;
}

template <typename T, typename ParseCell>
absl::StatusOr<std::vector<T>> CsvTable::Column(std::string_view name, ParseCell parse) const {
  const size_t column = std::find(names_.begin(), names_.end(), name) - names_.begin();
  if (column == names_.size()) {
    return absl::DataLossError(absl::StrCat("there is no column ", name));
  }
  std::vector<T> values(rows());
  for (size_t i = 0; i < rows(); ++i) {
    const std::string_view cell = Cell(rows_[i], column);
    if (!parse(cell, &values[i])) {
      return absl::DataLossError(absl::StrCat("line ", i + 2, ": ", name, " is '", cell, "'"));
    }
  }
  return values;
}

absl::StatusOr<std::vector<std::string_view>> CsvTable::Texts(std::string_view name) const {
  return Column<std::string_view>(name, [](std::string_view cell, std::string_view* value) {
    *value = cell;
    return true;
  });
}

absl::StatusOr<std::vector<double>> CsvTable::Numbers(std::string_view name) const {
  return Column<double>(
      name, [](std::string_view cell, double* value) { return absl::SimpleAtod(cell, value); });
}

absl::StatusOr<std::vector<int64_t>> CsvTable::Integers(std::string_view name) const {
  return Column<int64_t>(
      name, [](std::string_view cell, int64_t* value) { return absl::SimpleAtoi(cell, value); });
}

}  // namespace vitrine
