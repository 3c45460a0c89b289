// A program for spawn_test.cc: runs as --processes=N ranks, each of which does what `act` says.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/parallel/connect.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/process_group.h"
#include "base/parallel/spawn.h"
#include "base/programs/program.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "glog/logging.h"

DEFINE_int32(processes, 1, "");
DEFINE_string(act, "", "");
DEFINE_int32(actor, 0, "");

namespace vitrine {
namespace {

void Sleep() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

// One group operation after another until a signal comes, the own one included, or the group fails.
absl::Status Work(ProcessGroup& group, int own_signal = 0) {
  const InterruptionGuard guard;
  if (own_signal != 0) kill(getpid(), own_signal);
  while (true) {
    const bool is_save = InterruptionGuard::TakeSaveRequest();
    ASSIGN_OR_RETURN(const auto rows, group.Gather({InterruptionGuard::Signal(), is_save}));
    for (const auto& row : rows) {
      if (row[0] != 0) return InterruptedError(row[0], "interrupted");
      if (row[1] != 0 && group.rank() == 0) std::cout << "saved" << std::endl;
    }
    Sleep();
  }
}

absl::Status Act(ProcessGroup& group, const std::vector<std::string>& arguments) {
  if (FLAGS_act == "tell") {
    std::cout << "out " << group.rank() << " " << absl::StrJoin(arguments, "|") << std::endl;
    LOG(INFO) << "information " << group.rank();
    LOG(WARNING) << "warning " << group.rank();
    std::cerr << absl::StrCat("no end of line ", group.rank()) << std::flush;  // one write
    return group.Barrier();
  }
  RETURN_IF_ERROR(group.Barrier());
  std::cout << "pid " << getpid() << std::endl;
  if (group.rank() != FLAGS_actor) return Work(group);
  if (FLAGS_act == "fail") return UsageError("own error");
  if (FLAGS_act == "kill") raise(SIGKILL);
  if (FLAGS_act == "leave_busy") _exit(5);
  return Work(group, FLAGS_act == "terminate" ? SIGTERM : 0);
}

// Deaf to the end of others and to SIGTERM.
[[noreturn]] void StayBusy() {
  const InterruptionGuard guard;
  while (true) Sleep();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const LaunchEnvironment environment,
                   ReadLaunchEnvironment(EnvironmentVariables()));
  if (environment.size == 1 && FLAGS_processes > 1) {
    using std::chrono::milliseconds;
    return RunAsRanks(FLAGS_processes, {.to_end = milliseconds(300), .to_obey = milliseconds(300)});
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<ProcessGroup> group, Connect(environment));
  if (FLAGS_act == "leave_busy" && group->rank() != FLAGS_actor) {
    group->Barrier().IgnoreError();  // the actor may leave before it is over here
    StayBusy();
  }
  return Act(*group, arguments);
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, "spawn_test_main", vitrine::Run);
}
