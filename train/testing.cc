#include "train/testing.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/file.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Milliseconds, images per second and data wait are times.
std::string WithoutTimes(std::string_view text) {
  std::string result;
  for (const std::string_view row : absl::StrSplit(text, '\n')) {
    std::vector<std::string_view> cells = absl::StrSplit(row, ',');
    if (cells.size() > 7) cells.erase(cells.begin() + 4, cells.begin() + 7);
    absl::StrAppend(&result, absl::StrJoin(cells, ","), "\n");
  }
  return result;
}

}  // namespace

std::map<std::string, std::string> RunContents(const fs::path& run, int iterations) {
  std::map<std::string, std::string> files;
  const fs::path last = run / "checkpoints" / absl::StrFormat("%09d", iterations);
  for (const auto& entry : fs::directory_iterator(last)) {
    files[entry.path().filename()] = ReadFile(entry.path()).value();
  }
  for (const char* log : {"metrics.csv", "validation.csv"}) {
    files[log] = WithoutTimes(ReadFile(run / log).value());
  }
  return files;
}

}  // namespace vitrine
