// //train among signals, schedulers and variables of the environment, which a user's machine has
// and the program has not chosen.

#include <sched.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr int kIterations = 60;
constexpr int kEndless = 1'000'000;

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// Leaves this process, and those that it starts, one processor.
class OneProcessor {
 public:
  OneProcessor() {
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    int processor = 0;
    while (!CPU_ISSET(processor, &before_)) ++processor;
    CPU_SET(processor, &one);
    sched_setaffinity(0, sizeof(one), &one);
  }
  ~OneProcessor() { sched_setaffinity(0, sizeof(before_), &before_); }

 private:
  cpu_set_t before_;
};

class SurroundingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // A run that is wide enough for products on every thread. Threads that wait do not spin, so that
  // two of them get on with one processor.
  Words Command(const std::string& run, int iterations = kIterations) const {
    return {"env",
            "OMP_WAIT_POLICY=passive",
            "train/train",
            "--noreport",
            "--device=cpu",
            absl::StrCat("--run_dir=", (folder_ / run).string()),
            "model.width=192",
            "model.heads=3",
            "model.depth=1",
            absl::StrCat("schedule.iterations=", iterations),
            "logging.every_iterations=1",
            "validation.every_iterations=0",
            "checkpoint.every_iterations=40"};
  }

  std::map<std::string, std::string> Contents(const std::string& run) const {
    return RunContents(folder_ / run, kIterations);
  }

  std::map<std::string, std::string> RunToTheEnd(const std::string& run,
                                                 const Words& command) const {
    const ChildResult result = RunChild(command);
    EXPECT_EQ(result.status, 0) << result.err;
    return Contents(run);
  }

  // As if it had been killed after its last checkpoint but one.
  void Unfinish(const std::string& run) const {
    fs::remove_all(folder_ / run / "checkpoints" / absl::StrCat("0000000", kIterations));
    const fs::path record = folder_ / run / "run.json";
    ASSERT_OK(WriteAtomically(
        record, absl::StrReplaceAll(ReadFile(record).value(), {{"finished", "running"}})));
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "surroundings";
};

bool AwaitTraining(const ChildProcess& child) {
  return WaitWhileChildRuns([&child] { return absl::StrContains(child.Out(), "\n1/"); });
}

// A mask of signals, signal n as bit n - 1, from a status file of /proc.
uint64_t Mask(std::string_view status, std::string_view name) {
  uint64_t mask = 0;
  for (std::string_view line : absl::StrSplit(status, '\n')) {
    if (absl::ConsumePrefix(&line, absl::StrCat(name, ":\t"))) {
      EXPECT_TRUE(absl::SimpleHexAtoi(line, &mask));
      return mask;
    }
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

uint64_t MaskOf(const std::set<int>& signals) {
  uint64_t mask = 0;
  for (const int signal : signals) mask |= uint64_t{1} << (signal - 1);
  return mask;
}

TEST_F(SurroundingsTest, NoSignalRunsAHandlerOrFindsAThreadToInterrupt) {
  ASSERT_OK_AND_ASSIGN(ChildProcess child,
                       ChildProcess::Start(Command("run", kEndless) + Words{"threads=2"}));
  ASSERT_TRUE(AwaitTraining(child)) << child.Err();
  const uint64_t taken = MaskOf({SIGINT, SIGTERM, SIGHUP, SIGUSR1});
  // Faults of the code itself, which sanitizers handle, and real-time signals, of which glibc has
  // two.
  const uint64_t faults = MaskOf({SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS});
  int blocked = 0, waiting = 0;
  const fs::path tasks = absl::StrCat("/proc/", child.pid(), "/task");
  for (const auto& task : fs::directory_iterator(tasks)) {
    std::stringstream status;
    status << std::ifstream(task.path() / "status").rdbuf();
    if (status.str().empty()) continue;  // it has ended
    const bool is_blocked = (Mask(status.str(), "SigBlk") & taken) == taken;
    ++(is_blocked ? blocked : waiting);
    EXPECT_EQ(Mask(status.str(), "SigCgt") & ~faults & 0x7fffffff, 0) << status.str();
  }
  EXPECT_EQ(waiting, 1) << "in sigwaitinfo a thread shows what it waits for as not blocked";
  EXPECT_GE(blocked, 2) << "those that compute";
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 128 + SIGTERM);
}

TEST_F(SurroundingsTest, WarnedByAClusterItSavesAndGoesOn) {
  const auto whole = RunToTheEnd("whole", Command("whole"));
  const Words command = Command("warned") + Words{"checkpoint.every_iterations=0"};
  ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(command));
  ASSERT_TRUE(AwaitTraining(child)) << child.Err();
  child.Signal(SIGUSR1);
  int saved = 0;
  ASSERT_TRUE(WaitWhileChildRuns([&] {
    saved = NewestCheckpoint(folder_ / "warned");
    return saved > 0;
  }));
  EXPECT_LT(saved, kIterations);
  EXPECT_EQ(child.Wait(), 0) << child.Err();
  EXPECT_THAT(child.Out(),
              HasSubstr(absl::StrCat("saving a checkpoint after ", saved, " iterations")));
  EXPECT_EQ(Contents("warned").at("model.safetensors"), whole.at("model.safetensors"));
  EXPECT_EQ(Contents("warned").at("metrics.csv"), whole.at("metrics.csv"));
}

TEST_F(SurroundingsTest, WhatWasIgnoredAtTheStartStaysIgnored) {
  const Words command = Words{"sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh"} + Command("run");
  ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(command));
  ASSERT_TRUE(AwaitTraining(child)) << child.Err();
  child.Signal(SIGHUP);  // as nohup has it
  child.Signal(SIGINT);  // as a shell has it for a job in the background
  EXPECT_EQ(child.Wait(), 0) << child.Err();
  EXPECT_THAT(child.Err(), Not(HasSubstr("interrupted")));
}

TEST_F(SurroundingsTest, RunOutlivesTheReaderOfItsConsole) {
  const auto whole = RunToTheEnd("whole", Command("whole"));
  const fs::path status = folder_ / "status";
  for (const std::string reader : {"true", "head"}) {
    const std::string script =
        absl::StrCat("(", absl::StrJoin(Command(reader), " "), " 2>&1; echo $? > ", status.string(),
                     ") | ", reader, " > /dev/null");
    EXPECT_EQ(RunChild({"sh", "-c", script}).status, 0);
    EXPECT_EQ(ReadFile(status).value(), "0\n") << reader;
    EXPECT_EQ(Contents(reader), whole) << reader;
  }
}

TEST_F(SurroundingsTest, ConsoleThatCannotBeWrittenIsAnErrorAtTheEnd) {
  const std::string script = absl::StrCat(absl::StrJoin(Command("run"), " "), " > /dev/full");
  const ChildResult result = RunChild({"sh", "-c", script});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("is its disk full"));
  Contents("run");  // stops the test if it is not whole
}

// GNU timeout sends its signal to the process and then to the process's group.
TEST_F(SurroundingsTest, TwoSignalsAtOnceAreOne) {
  ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(Command("run", kEndless)));
  ASSERT_TRUE(AwaitTraining(child)) << child.Err();
  child.Signal(SIGTERM);
  child.Signal(SIGTERM);
  EXPECT_EQ(child.Wait(), 128 + SIGTERM);
  EXPECT_THAT(child.Err(), HasSubstr("interrupted after "));
}

TEST_F(SurroundingsTest, FewerThreadsThanAskedForAreRefused) {
  const ChildResult result =
      RunChild(Words{"env", "OMP_THREAD_LIMIT=1"} + Command("run") + Words{"threads=2"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("OMP_THREAD_LIMIT=1"), HasSubstr("threads=1")));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  RunToTheEnd("run", Words{"env", "OMP_THREAD_LIMIT=1"} + Command("run"));  // takes what there is
}

TEST_F(SurroundingsTest, OpenMpTakesNoThreadsAway) {
  const auto whole = RunToTheEnd("whole", Command("whole") + Words{"threads=2"});
  const OneProcessor one;  // with which it would
  for (const std::string variable : {"OMP_DYNAMIC=true", "OMP_MAX_ACTIVE_LEVELS=0"}) {
    const Words command = Words{"env", variable} + Command(variable) + Words{"threads=2"};
    EXPECT_EQ(RunToTheEnd(variable, command), whole) << variable;
  }
}

TEST_F(SurroundingsTest, ThreadsAreThoseThatTheProcessMayUse) {
  const OneProcessor one;
  const ChildResult result = RunChild({"train/train", "--dry_run"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("threads: 1\n"));
}

TEST_F(SurroundingsTest, ThreadsThatNobodyGaveAreTheRuns) {
  const auto whole = RunToTheEnd("run", Command("run") + Words{"threads=3"});
  Unfinish("run");
  const ChildResult other = RunChild(Command("run") + Words{"--resume", "threads=1"});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("threads: 3 -> 1"));
  const Words resume = Command("run") + Words{"--resume", "--config=quickstart"};
  EXPECT_EQ(RunToTheEnd("run", resume), whole);
}

TEST_F(SurroundingsTest, ListThatIsEmptiedIsNotTheRuns) {
  RunToTheEnd("run", Command("run") + Words{"data.mean=[0.5]", "data.std=[0.5]"});
  Unfinish("run");
  const ChildResult other =
      RunChild(Command("run") + Words{"--resume", "data.mean=[]", "data.std=[]"});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("data.mean"));
}

TEST_F(SurroundingsTest, OtherInstructionsByTheEnvironmentAreWarnedOf) {
  RunToTheEnd("run", Command("run"));
  Unfinish("run");
  const ChildResult resumed =
      RunChild(Words{"env", "ONEDNN_MAX_CPU_ISA=AVX2"} + Command("run") + Words{"--resume"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("goes on with"), HasSubstr("ONEDNN_MAX_CPU_ISA=AVX2")));
}

TEST_F(SurroundingsTest, HalfPrecisionNeedsNoInstructionsOfItsOwn) {
  RunToTheEnd("run",
              Words{"env", "ONEDNN_MAX_CPU_ISA=AVX2"} + Command("run") + Words{"precision=BF16"});
}

}  // namespace
}  // namespace vitrine
