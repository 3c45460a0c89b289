// A reproduction as JSON, for programs.

#ifndef EVAL_REPRODUCE_REPORT_JSON_H_
#define EVAL_REPRODUCE_REPORT_JSON_H_

#include <string>

#include "absl/types/span.h"
#include "eval/reproduce/reproduction.h"

namespace vitrine {

// One object: command, rules and rows, each with its figures, its runs and the iterations that were
// printed.
std::string ReproductionJson(absl::Span<const RowResult> results, const std::string& command);

}  // namespace vitrine

#endif  // EVAL_REPRODUCE_REPORT_JSON_H_
