// The start and the end of every program: flags, logging, errors and the exit status.
//
//   DEFINE_string(data_dir, "", "the folder of the data set");
//
//   absl::Status Run(const std::vector<std::string>& arguments) {
//     RETURN_IF_ERROR(RefuseArguments(arguments));
//     if (FLAGS_data_dir.empty()) return UsageError("--data_dir is needed");
//     ASSIGN_OR_RETURN(const Config config, AsUsageError(ReadConfig(FLAGS_config)));
//     return Train(config);
//   }
//
//   int main(int argc, char** argv) {
//     return RunProgram(argc, argv, "train [--flag=value ...] [field.path=value ...]", Run);
//   }
//
// The exit status is 0 for success, 2 for a mistake in the flags or the config, 128 + n where
// signal n ended the program in order, 1 for everything else. Which of the two errors it is can't
// be told from a status code (a config and a damaged image both give kInvalidArgument) and is none
// of a library's business. So libraries return ordinary errors, and the program marks the steps
// that read what the user typed with AsUsageError. The mark is a payload; Annotate keeps it.

#ifndef BASE_PROGRAMS_PROGRAM_H_
#define BASE_PROGRAMS_PROGRAM_H_

#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

// What a program does with the arguments that are not flags.
using ProgramBody = std::function<absl::Status(const std::vector<std::string>& arguments)>;

// Parses the flags, runs the body and returns the exit status. Errors and exceptions alike end as
// one line on stderr, several problems of usage as a line each. `--help` prints `usage` and the
// flags that are defined in the file of the caller or in a *_flags.cc; those of glog are accepted
// but not shown. Logs go to stderr, never to files. Call it once, from main.
int RunProgram(int argc, char** argv, std::string_view usage, const ProgramBody& body,
               std::source_location caller = std::source_location::current());

// A mistake in the flags or the config; every line of `problems` is a problem of its own.
absl::Status UsageError(std::string_view problems);

// All of them as one such error; OK if there are none.
absl::Status UsageErrors(const std::vector<std::string>& problems);

// Marks an error, if it is one, as a mistake in the flags or the config.
absl::Status AsUsageError(absl::Status status);

template <typename T>
absl::StatusOr<T> AsUsageError(absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return AsUsageError(std::move(result).status());
}

// The program ends early because the signal asked it to; `message` says what to do about it.
absl::Status InterruptedError(int signal, std::string_view message);

// The same error, with which the program ends with this exit status.
absl::Status WithExitStatus(absl::Status status, int exit_status);

// An error of usage if there are arguments, for programs that take none.
absl::Status RefuseArguments(const std::vector<std::string>& arguments);

// Prints an error as "<program>: <message>" on stderr and returns the exit status it stands for.
int ExitStatus(std::string_view program, const absl::Status& status);

}  // namespace vitrine

#endif  // BASE_PROGRAMS_PROGRAM_H_
