#include "eval/reproduce/child_program.h"

#include <filesystem>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/programs/process.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

constexpr int kUsageError = 2;
constexpr int kFirstSignal = 128;

// The lines that begin with the prefix, without it.
std::vector<std::string_view> LinesAfter(std::string_view prefix, std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, prefix)) lines.push_back(line);
  }
  return lines;
}

std::string HowItEnded(int exit_status) {
  return exit_status > kFirstSignal
             ? absl::StrCat("was ended by signal ", exit_status - kFirstSignal)
             : absl::StrCat("ended with exit status ", exit_status);
}

std::vector<std::string> Command(const std::string& path,
                                 const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {path};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

absl::StatusOr<std::string> ChildProgram::Missing(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = Command(path_, arguments);
  command.push_back("--dry_run");
  ASSIGN_OR_RETURN(const ProcessResult result, RunProcess(command, Capture::kOutAndErr));
  const std::string name = std::filesystem::path(path_).filename();
  const auto errors = LinesAfter(absl::StrCat(name, ": "), result.text);
  if (result.exit_status == kUsageError) {
    return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  }
  if (result.exit_status != 0) {
    return absl::InternalError(absl::StrCat(label_, " --dry_run ", HowItEnded(result.exit_status),
                                            ": ", absl::StrJoin(errors, " ")));
  }
  return absl::StrJoin(LinesAfter("not yet: ", result.text), "; ");
}

absl::Status ChildProgram::Run(const std::vector<std::string>& arguments) const {
  ASSIGN_OR_RETURN(const ProcessResult result,
                   RunProcess(Command(path_, arguments), Capture::kNothing));
  if (result.exit_status == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(label_, " ", HowItEnded(result.exit_status), "; what it printed says why"));
}

}  // namespace vitrine
