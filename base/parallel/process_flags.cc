#include "base/parallel/process_flags.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/parallel/check_same.h"
#include "base/parallel/connect.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/own_gpu.h"
#include "base/parallel/spawn.h"
#include "base/programs/processor.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "glog/logging.h"

DEFINE_int32(processes, 0,
             "start so many processes on this machine, which share the work; 0: one, or those that "
             "a launcher has started");
DEFINE_int32(process_timeout, 300,
             "seconds after which a process that does not answer ends all others");

namespace vitrine {
namespace {

// Stdout stays open, as nowhere: another file would get its number.
void PrintErrorsOnly() {
  FLAGS_minloglevel = google::GLOG_ERROR;
  CHECK(std::freopen("/dev/null", "w", stdout) != nullptr);
}

// A machine may have these elsewhere, or do them in another way, to the same bits.
constexpr std::string_view kOfMachine[] = {"data_dir", "loader_threads", "torch_cuda_library"};

// All that decides what this process computes before it has read anything.
absl::StatusOr<std::map<std::string, std::string>> Identity(
    const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> identity;
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  for (const gflags::CommandLineFlagInfo& flag : flags) {
    const bool is_ours =
        absl::EndsWith(flag.filename, "_main.cc") || absl::EndsWith(flag.filename, "_flags.cc");
    const bool is_of_machine = std::count(std::begin(kOfMachine), std::end(kOfMachine), flag.name);
    if (is_ours && !is_of_machine) identity["--" + flag.name] = flag.current_value;
  }
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    identity[argument.substr(0, equals)] =
        equals == argument.npos ? "" : argument.substr(equals + 1);
  }
  ASSIGN_OR_RETURN(const std::string program, ReadFile("/proc/self/exe"));
  identity["program"] = absl::StrCat(Crc32c(program));
  identity["CPU capability"] = CpuCapability();
  return identity;
}

}  // namespace

bool StartsProcesses() {
  const absl::StatusOr<LaunchEnvironment> launch = ReadLaunchEnvironment(EnvironmentVariables());
  return FLAGS_processes > 1 && launch.ok() && launch->size == 1;
}

absl::Status RunProcesses() { return RunAsRanks(FLAGS_processes); }

absl::StatusOr<std::unique_ptr<ProcessGroup>> JoinProcesses(
    const std::vector<std::string>& arguments) {
  if (FLAGS_processes < 0) return UsageError("--processes: must not be negative");
  if (FLAGS_process_timeout < 1) return UsageError("--process_timeout: must be positive");
  ASSIGN_OR_RETURN(const LaunchEnvironment launch,
                   AsUsageError(ReadLaunchEnvironment(EnvironmentVariables())));
  if (FLAGS_processes > 1 && launch.size != FLAGS_processes) {
    return UsageError(absl::StrCat("--processes=", FLAGS_processes, ": this is one of ",
                                   launch.size, " that ", launch.launcher,
                                   " has started; leave the flag out"));
  }
  if (launch.rank > 0) PrintErrorsOnly();
  SeeOwnGpuOnly(launch);
  ASSIGN_OR_RETURN(std::unique_ptr<ProcessGroup> group,
                   Connect(launch, std::chrono::seconds(FLAGS_process_timeout)));
  if (group->size() == 1) return group;
  ASSIGN_OR_RETURN(const auto identity, Identity(arguments));
  RETURN_IF_ERROR(AsUsageError(CheckSame(*group, identity)));
  return group;
}

}  // namespace vitrine
