// Other programs, run by argument vector: no shell ever reads what is in it.
//
//   ASSIGN_OR_RETURN(const ProcessResult tar, RunProcess({"tar", "-xf", archive}, Capture::kErr));
//   if (tar.exit_status != 0) return absl::DataLossError(tar.text);

#ifndef BASE_PROGRAMS_PROCESS_H_
#define BASE_PROGRAMS_PROCESS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// What comes back as text; the rest goes where the caller's own output goes.
enum class Capture { kNothing, kErr, kOutAndErr };

struct ProcessResult {
  int exit_status;   // 128 + n if signal n ended it
  std::string text;  // what was captured, in the order it was written
};

// Runs command[0], as found on PATH, to its end; twice a second, if anything is captured, calls
// `tick`. The process begins with the signals that this one began with. It dies with its caller,
// however that ends, so that it never goes on writing into what a next run works on. A signal that
// an InterruptionGuard of the caller notes is passed on to it, so that it can end in order or save
// what it has; SIGUSR1 only once it blocks it, as programs of this project do. kNotFound if there
// is no such program.
absl::StatusOr<ProcessResult> RunProcess(
    const std::vector<std::string>& command, Capture capture,
    const std::function<void()>& tick = [] {});

}  // namespace vitrine

#endif  // BASE_PROGRAMS_PROCESS_H_
