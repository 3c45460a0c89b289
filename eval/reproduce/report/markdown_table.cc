#include "eval/reproduce/report/markdown_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "glog/logging.h"

namespace vitrine {

MarkdownTable::MarkdownTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) {
    // The line below the titles takes at least three dashes.
    widths_.push_back(std::max<size_t>(3, column.title.size()));
  }
}

void MarkdownTable::Add(std::vector<std::string> cells) {
  CHECK_EQ(cells.size(), columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = absl::StrReplaceAll(cells[i], {{"|", "\\|"}, {"\n", " "}});
    widths_[i] = std::max(widths_[i], cells[i].size());
  }
  rows_.push_back(std::move(cells));
}

std::string MarkdownTable::Line(const std::vector<std::string>& cells) const {
  std::string line = "|";
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths_[i] - cells[i].size(), ' ');
    const bool flush_right = columns_[i].is_number;
    absl::StrAppend(&line, " ", flush_right ? padding : "", cells[i], flush_right ? "" : padding,
                    " |");
  }
  return line + "\n";
}

std::string MarkdownTable::Text() const {
  std::vector<std::string> titles, rules;
  for (size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    rules.emplace_back(widths_[i], '-');
    if (columns_[i].is_number) rules.back().back() = ':';
  }
  std::string text = Line(titles) + Line(rules);
  for (const std::vector<std::string>& row : rows_) text += Line(row);
  return text;
}

}  // namespace vitrine
