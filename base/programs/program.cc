#include "base/programs/program.h"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/programs/exceptions.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

using gflags::CommandLineFlagInfo;

// The payload of an error that has an exit status of its own, in digits.
constexpr std::string_view kExitStatus = "vitrine/exit_status";
constexpr int kUsageStatus = 2;

struct CommandLine {
  bool help = false;
  std::vector<std::string> arguments;
};

// gflags' parser is not used: it answers --help with the flags of every library, and a mistake with
// exit status 1. The flags that steer it (--flagfile, --undefok, ...) would do nothing, so they are
// unknown here.
bool BelongsToParser(const CommandLineFlagInfo& flag) {
  return absl::StrContains(flag.filename, "gflags/src/gflags");
}

std::optional<CommandLineFlagInfo> FindFlag(const std::string& name) {
  CommandLineFlagInfo flag;
  if (!gflags::GetCommandLineFlagInfo(name.c_str(), &flag)) return std::nullopt;
  if (BelongsToParser(flag)) return std::nullopt;
  return flag;
}

// The flag that --no<name> switches off.
std::optional<CommandLineFlagInfo> FindNegatedFlag(std::string_view name) {
  if (!absl::ConsumePrefix(&name, "no")) return std::nullopt;
  std::optional<CommandLineFlagInfo> flag = FindFlag(std::string(name));
  return flag && flag->type == "bool" ? flag : std::nullopt;
}

absl::Status SetFlag(const CommandLineFlagInfo& flag, const std::string& value) {
  // The answer describes the new value and is empty on failure.
  if (!gflags::SetCommandLineOption(flag.name.c_str(), value.c_str()).empty()) {
    return absl::OkStatus();
  }
  return UsageError(
      absl::StrCat("bad value '", value, "' for --", flag.name, " (", flag.type, "); see --help"));
}

// One "--name", "--name=value" or "--noname"; `next` is the argument after it, which is taken, and
// `next` set to null, where the flag needs a value and has none.
absl::Status ParseFlag(std::string_view text, const char** next) {
  const size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  std::optional<CommandLineFlagInfo> flag = FindFlag(name);
  if (flag && equals != text.npos) return SetFlag(*flag, std::string(text.substr(equals + 1)));
  if (flag && flag->type == "bool") return SetFlag(*flag, "true");
  if (flag) {
    if (*next == nullptr || absl::StartsWith(*next, "--")) {
      return UsageError(absl::StrCat("--", name, " needs a value (", flag->type, "); see --help"));
    }
    return SetFlag(*flag, std::exchange(*next, nullptr));
  }
  flag = FindNegatedFlag(name);
  if (flag && equals == text.npos) return SetFlag(*flag, "false");
  return UsageError(absl::StrCat("unknown flag --", name, "; see --help"));
}

// argv[argc] is null, so there is always a next one to look at.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    std::string_view text = argv[i];
    if (text == "--") {
      line.arguments.insert(line.arguments.end(), argv + i + 1, argv + argc);
      break;
    }
    if (text == "-" || !absl::ConsumePrefix(&text, "-")) {
      line.arguments.emplace_back(text);
      continue;
    }
    absl::ConsumePrefix(&text, "-");
    if (text == "help") {
      line.help = true;
      break;
    }
    const char* next = argv[i + 1];
    const bool has_next = next != nullptr;
    RETURN_IF_ERROR(ParseFlag(text, &next));
    if (has_next && next == nullptr) ++i;
  }
  return line;
}

std::string Help(std::string_view usage, std::string_view file) {
  std::vector<CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);  // sorted by name within a file
  std::string help = absl::StrCat("usage: ", usage, "\n");
  for (const CommandLineFlagInfo& flag : flags) {
    if (flag.filename != file && !absl::EndsWith(flag.filename, "_flags.cc")) continue;
    const std::string_view quote = flag.type == "string" ? "\"" : "";
    absl::StrAppend(&help, "\n  --", flag.name, " (", flag.type, ", default ", quote,
                    flag.default_value, quote, ")\n      ",
                    absl::StrReplaceAll(flag.description, {{"\n", "\n      "}}), "\n");
  }
  return help;
}

absl::Status RunBody(const ProgramBody& body, const std::vector<std::string>& arguments) {
  return CatchExceptions([&] {
    WatchSignals();
    return body(arguments);
  });
}

// Output that is lost, on a full disk for one, must not look like success.
absl::Status FlushOutput() {
  std::cout.flush();
  const bool is_written = std::cout.good() && std::fflush(stdout) == 0 && !std::ferror(stdout);
  if (is_written || HasOutlivedConsole()) return absl::OkStatus();
  return absl::DataLossError("standard output can't be written; is its disk full?");
}

absl::Status ParseAndRun(int argc, char** argv, std::string_view usage, const ProgramBody& body,
                         std::string_view file) {
  ASSIGN_OR_RETURN(const CommandLine line, ParseCommandLine(argc, argv));
  if (line.help) {
    std::cout << Help(usage, file);
  } else {
    RETURN_IF_ERROR(RunBody(body, line.arguments));
  }
  return FlushOutput();
}

}  // namespace

int RunProgram(int argc, char** argv, std::string_view usage, const ProgramBody& body,
               std::source_location caller) {
  const std::string program = std::filesystem::path(argv[0]).filename();
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  return ExitStatus(program, ParseAndRun(argc, argv, usage, body, caller.file_name()));
}

absl::Status UsageError(std::string_view problems) {
  return AsUsageError(absl::InvalidArgumentError(problems));
}

absl::Status UsageErrors(const std::vector<std::string>& problems) {
  return problems.empty() ? absl::OkStatus() : UsageError(absl::StrJoin(problems, "\n"));
}

absl::Status AsUsageError(absl::Status status) {
  return WithExitStatus(std::move(status), kUsageStatus);
}

absl::Status InterruptedError(int signal, std::string_view message) {
  return WithExitStatus(absl::CancelledError(message), 128 + signal);
}

absl::Status WithExitStatus(absl::Status status, int exit_status) {
  status.SetPayload(kExitStatus, absl::Cord(absl::StrCat(exit_status)));  // does nothing if OK
  return status;
}

absl::Status RefuseArguments(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return absl::OkStatus();
  return UsageError(absl::StrCat("unexpected argument '", arguments.front(), "'; see --help"));
}

int ExitStatus(std::string_view program, const absl::Status& status) {
  if (status.ok()) return 0;
  int exit_status = 1;
  if (const auto payload = status.GetPayload(kExitStatus)) {
    CHECK(absl::SimpleAtoi(std::string(*payload), &exit_status));
  }
  if (exit_status != kUsageStatus) {
    const std::string line = absl::StrReplaceAll(status.message(), {{"\n", " "}});
    std::cerr << absl::StrCat(program, ": ", line, "\n");  // one write: others may print too
    return exit_status;
  }
  for (const std::string_view problem : absl::StrSplit(status.message(), '\n', absl::SkipEmpty())) {
    std::cerr << absl::StrCat(program, ": ", problem, "\n");
  }
  return exit_status;
}

}  // namespace vitrine
