#include "train/run/metrics.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// The rows of a table that a resumed run keeps.
struct Kept {
  std::string text;
  int64_t rows = 0;
  int64_t damaged = 0, first_damaged = 0;  // lines that this program did not write
};

// Whether the line has a number in each column but `split`.
bool IsRow(const CsvFile::Cells& cells, const CsvFile::Cells& columns) {
  if (cells.size() != columns.size()) return false;
  for (size_t i = 0; i < cells.size(); ++i) {
    double number;
    if (columns[i] != "split" && !absl::SimpleAtod(cells[i], &number)) return false;
  }
  return true;
}

// Whether a row may follow another, "" for none: several may be of one iteration, of a split each.
bool IsAfter(std::string_view row, std::string_view previous) {
  double number = 0, before = 0;
  if (previous.empty()) return true;
  return row != previous && absl::SimpleAtod(row.substr(0, row.find(',')), &number) &&
         absl::SimpleAtod(previous.substr(0, previous.find(',')), &before) && number >= before;
}

Kept KeptRows(std::string_view text, const std::string& header,
              absl::FunctionRef<bool(const CsvFile::Cells&)> keep) {
  const CsvFile::Cells columns = absl::StrSplit(header, ',');
  Kept kept{.text = header + "\n"};
  kept.text.reserve(kept.text.size() + text.size());
  // What follows the last newline was being written when the process died.
  const size_t end = text.rfind('\n');
  if (end == std::string_view::npos) {
    if (!absl::StartsWith(header, text)) kept.damaged = kept.first_damaged = 1;
    return kept;
  }
  int64_t line = 0;
  std::string_view previous;
  for (std::string_view row : absl::StrSplit(text.substr(0, end), '\n')) {
    absl::ConsumeSuffix(&row, "\r");  // of a spreadsheet
    if (++line == 1 && row == header) continue;
    const CsvFile::Cells cells = absl::StrSplit(row, ',');
    if (!IsRow(cells, columns) || !IsAfter(row, previous)) {
      if (kept.damaged++ == 0) kept.first_damaged = line;
      continue;
    }
    previous = row;
    if (!keep(cells)) continue;
    absl::StrAppend(&kept.text, row, "\n");
    ++kept.rows;
  }
  return kept;
}

}  // namespace

CsvFile::CsvFile(const std::filesystem::path& path) : path_(path), stream_(path, std::ios::app) {}

absl::StatusOr<CsvFile> CsvFile::Open(const std::filesystem::path& path, const std::string& header,
                                      absl::FunctionRef<bool(const Cells&)> keep, int64_t least) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
  const Kept kept = KeptRows(text.value_or(""), header, keep);
  if (kept.damaged > 0) {
    LOG(WARNING) << path.string() << ": line " << kept.first_damaged
                 << " is not as it was written, and " << kept.damaged
                 << " such lines in all are dropped; checkpoints don't depend on them";
  } else if (kept.rows < least) {
    LOG(WARNING) << path.string() << ": has " << kept.rows << " of the " << least
                 << " lines that the run wrote; checkpoints don't depend on them";
  }
  RETURN_IF_ERROR(WriteAtomically(path, kept.text));
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

absl::StatusOr<CsvFile> OpenMetrics(const std::filesystem::path& path, int64_t iteration,
                                    int64_t every) {
  const auto is_done = [iteration](const CsvFile::Cells& cells) {
    int64_t number;
    return absl::SimpleAtoi(cells[0], &number) && number < iteration;
  };
  const int64_t logged = (iteration + every - 1) / every;
  return CsvFile::Open(path, kMetricsHeader, is_done, logged);
}

}  // namespace vitrine
