#include "train/testing.h"

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"

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

// Leaves the end itself for ChildProcess::Wait to find. Without a child there is none to wait for.
bool ChildHasEnded() {
  siginfo_t info = {};
  const int error = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
  return error != 0 || info.si_pid != 0;
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

int NewestCheckpoint(const fs::path& run) {
  int newest = 0;
  std::error_code error;  // the folder comes some time after the process
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", error)) {
    int number = 0;  // none where the name begins with a dot
    if (absl::SimpleAtoi(entry.path().filename().string(), &number)) {
      newest = std::max(newest, number);
    }
  }
  return newest;
}

bool WaitWhileChildRuns(const std::function<bool()>& condition) {
  while (true) {
    const bool has_ended = ChildHasEnded();  // asked first: its last doing counts too
    if (condition()) return true;
    if (has_ended) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

}  // namespace vitrine
