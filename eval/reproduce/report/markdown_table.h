// A Markdown table whose columns are aligned, so that it reads well as plain text too.
//
//   MarkdownTable table({{"step"}, {"loss", /*is_number=*/true}});
//   table.Add({"4", "1.9"});
//   std::cout << table.Text();

#ifndef EVAL_REPRODUCE_REPORT_MARKDOWN_TABLE_H_
#define EVAL_REPRODUCE_REPORT_MARKDOWN_TABLE_H_

#include <string>
#include <vector>

namespace vitrine {

class MarkdownTable {
 public:
  struct Column {
    std::string title;
    bool is_number = false;  // flush right
  };

  explicit MarkdownTable(std::vector<Column> columns);

  // A cell for each column.
  void Add(std::vector<std::string> cells);

  std::string Text() const;

 private:
  std::string Line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPORT_MARKDOWN_TABLE_H_
