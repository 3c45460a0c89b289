#include "base/parallel/process_flags.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/parallel/gloo_process_group.h"
#include "base/parallel/launch.h"
#include "base/parallel/own_variables.h"
#include "base/parallel/single_process.h"
#include "base/parallel/start_processes.h"
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

bool StartsProcesses() { return FLAGS_processes > 0 && std::getenv(kOwnLauncher) == nullptr; }

absl::Status RunProcesses() {
  ASSIGN_OR_RETURN(const Launch launch, AsUsageError(LaunchOf(std::getenv)));
  if (launch.size > 1) {
    return UsageError(absl::StrCat("--processes: this is one of ", launch.size, " processes of ",
                                   launch.launcher, " already; leave the flag out"));
  }
  return StartProcesses(FLAGS_processes);
}

absl::StatusOr<std::unique_ptr<ProcessGroup>> JoinProcesses() {
  if (FLAGS_process_timeout < 1) return UsageError("--process_timeout: must be positive");
  ASSIGN_OR_RETURN(const Launch launch, AsUsageError(LaunchOf(std::getenv)));
  if (launch.size == 1) return std::make_unique<SingleProcess>();
  if (launch.rank > 0) PrintErrorsOnly();
  ASSIGN_OR_RETURN(std::unique_ptr<ProcessGroup> group,
                   ConnectByGloo(launch, absl::Seconds(FLAGS_process_timeout)));
  LOG(INFO) << "rank " << launch.rank << " of " << launch.size << ", by " << launch.launcher
            << ", connected by Gloo at " << launch.address << ":" << launch.port;
  return group;
}

}  // namespace vitrine
