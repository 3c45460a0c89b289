#include "train/run/metrics.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

std::string KeptRows(std::string_view text, const std::string& header,
                     absl::FunctionRef<bool(const CsvFile::Cells&)> keep) {
  const CsvFile::Cells columns = absl::StrSplit(header, ',');
  std::string kept = header + "\n";
  // What follows the last newline was being written when the process died.
  const size_t end = text.rfind('\n');
  if (end == std::string_view::npos) return kept;
  for (const std::string_view row : absl::StrSplit(text.substr(0, end), '\n')) {
    const CsvFile::Cells cells = absl::StrSplit(row, ',');
    const bool is_row = cells.size() == columns.size() && row != header;
    if (is_row && keep(cells)) absl::StrAppend(&kept, row, "\n");
  }
  return kept;
}

}  // namespace

CsvFile::CsvFile(const std::filesystem::path& path) : path_(path), stream_(path, std::ios::app) {}

absl::StatusOr<CsvFile> CsvFile::Open(const std::filesystem::path& path, const std::string& header,
                                      absl::FunctionRef<bool(const Cells&)> keep) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
  RETURN_IF_ERROR(WriteAtomically(path, KeptRows(text.value_or(""), header, keep)));
  return CsvFile(path);
}

absl::Status CsvFile::Append(const std::string& row) {
  stream_ << row << "\n" << std::flush;
  if (stream_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path_.string(), ": cannot write; is the disk full?"));
}

std::string CsvRow(const IterationMetrics& m) {
  // %.9g is every digit of a float.
  return absl::StrFormat("%d,%.9g,%.9g,%.9g,%.4f,%.2f,%.4f,%g,%d", m.iteration, m.loss,
                         m.learning_rate, m.gradient_norm, m.milliseconds, m.images_per_second,
                         m.data_wait, m.loss_scale, m.epoch);
}

absl::StatusOr<CsvFile> OpenMetrics(const std::filesystem::path& path, int64_t iteration) {
  return CsvFile::Open(path, kMetricsHeader, [iteration](const CsvFile::Cells& cells) {
    int64_t number;
    return absl::SimpleAtoi(cells[0], &number) && number < iteration;
  });
}

}  // namespace vitrine
