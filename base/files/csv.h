// Tables of comma-separated cells, as runs write them: a line of names, then rows. Cells hold
// neither commas nor quotes.
//
//   ASSIGN_OR_RETURN(const CsvTable table, CsvTable::Parse(text));
//   ASSIGN_OR_RETURN(const std::vector<double> losses, table.Numbers("loss"));

#ifndef BASE_FILES_CSV_H_
#define BASE_FILES_CSV_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

class CsvTable {
 public:
  // DataLoss, with the line's number, if the text ends within a line or a row has another number
  // of cells than there are names.
  static absl::StatusOr<CsvTable> Parse(std::string text);

  size_t rows() const { return rows_.size(); }
  const std::vector<std::string_view>& names() const { return names_; }

  // The cells of the column of this name, from the top. DataLoss if there is none, or a cell is no
  // number; "nan" and "inf" are numbers.
  absl::StatusOr<std::vector<std::string_view>> Texts(std::string_view name) const;
  absl::StatusOr<std::vector<double>> Numbers(std::string_view name) const;
  absl::StatusOr<std::vector<int64_t>> Integers(std::string_view name) const;

 private:
  CsvTable() = default;

  template <typename T, typename ParseCell>
  absl::StatusOr<std::vector<T>> Column(std::string_view name, ParseCell parse) const;

  std::shared_ptr<const std::string> text_;  // to which the cells point, also after a move
  std::vector<std::string_view> names_;
  // Whole lines: a list of cells for each would take several times the file's size.
  std::vector<std::string_view> rows_;
};

}  // namespace vitrine

#endif  // BASE_FILES_CSV_H_
