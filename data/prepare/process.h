// Programs of the system, run by argument vector: no shell ever reads what is in it.

#ifndef DATA_PREPARE_PROCESS_H_
#define DATA_PREPARE_PROCESS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

struct ProcessResult {
  int exit_status;  // 128 + n if signal n ended it
  std::string err;  // what it wrote to stderr
};

// Runs command[0], as found on PATH, to its end; twice a second calls `tick`. The process dies with
// its caller, however that ends, so that it never goes on writing into what a next run works on.
// kNotFound if there is no such program.
absl::StatusOr<ProcessResult> RunProcess(
    const std::vector<std::string>& command, const std::function<void()>& tick = [] {});

}  // namespace vitrine

#endif  // DATA_PREPARE_PROCESS_H_
