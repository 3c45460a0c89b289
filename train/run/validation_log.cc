#include "train/run/validation_log.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace vitrine {

absl::StatusOr<CsvFile> OpenValidationLog(const std::filesystem::path& path, int64_t iteration) {
  return CsvFile::Open(path, "iteration,split,loss,top1,top5,count",
                       [iteration](const CsvFile::Cells& cells) {
                         int64_t number;
                         return absl::SimpleAtoi(cells[0], &number) && number <= iteration &&
                                !absl::StartsWith(cells[1], SplitName(Split::kTest));
                       });
}

std::string ValidationRow(int64_t iteration, std::string_view split, const Evaluation& evaluation) {
  return absl::StrFormat("%d,%s,%.9g,%.9g,%.9g,%d", iteration, split, evaluation.loss(),
                         evaluation.top1(), evaluation.top5(), evaluation.count);
}

}  // namespace vitrine
