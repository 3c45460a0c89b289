#include "base/parallel/process_flags.h"

#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/parallel/connect.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/own_gpu.h"
#include "base/parallel/spawn.h"
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

}  // namespace

bool StartsProcesses() {
  const absl::StatusOr<LaunchEnvironment> launch = ReadLaunchEnvironment(EnvironmentVariables());
  return FLAGS_processes > 1 && launch.ok() && launch->size == 1;
}

absl::Status RunProcesses() { return RunAsRanks(FLAGS_processes); }

absl::StatusOr<std::unique_ptr<ProcessGroup>> JoinProcesses() {
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
  return Connect(launch, std::chrono::seconds(FLAGS_process_timeout));
}

}  // namespace vitrine
