// A reproduction as Markdown: what a terminal shows, and the report's file, which has more.

#ifndef EVAL_REPRODUCE_REPORT_MARKDOWN_H_
#define EVAL_REPRODUCE_REPORT_MARKDOWN_H_

#include <string>

#include "absl/types/span.h"
#include "eval/reproduce/reproduction.h"

namespace vitrine {

// The table, reported beside measured; why rows have no result; the rules; the command line and the
// machine.
std::string MarkdownSummary(absl::Span<const RowResult> results, const std::string& command);

// For each row with a result a table of the iterations that were printed. Empty if there is none.
std::string MarkdownDetails(absl::Span<const RowResult> results);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPORT_MARKDOWN_H_
