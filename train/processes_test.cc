// Runs of several processes: the bytes of one, whatever ends them.
//
//   bazel test //train:processes_test          a few kills
//   bazel test //train:processes_20_test       twenty

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/programs/child_process.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kIterations = 24;

int Kills() {
  int kills = 0;
  const char* text = std::getenv("KILLS");
  return text != nullptr && absl::SimpleAtoi(text, &kills) ? kills : 3;
}

// Everything that crosses the border of a shard or is keyed by its place is in use.
std::vector<std::string> Command(const fs::path& run, int processes,
                                 const std::vector<std::string>& overrides) {
  std::vector<std::string> command = {"train/train",
                                      "--noreport",
                                      "--resume",
                                      "--process_timeout=60",
                                      absl::StrCat("--processes=", processes),
                                      absl::StrCat("--run_dir=", run.string()),
                                      "--device=cpu",
                                      "threads=1",
                                      "shards=4",
                                      "micro_batch_size=5",
                                      "model.width=32",
                                      "model.depth=2",
                                      "model.dropout=0.1",
                                      "data.batch_size=32",
                                      "data.mix.mixup_alpha=0.2",
                                      "data.train_transforms=[{ pad_and_crop { padding: 1 } }]",
                                      "ema.horizon_fraction=0.5",
                                      absl::StrCat("schedule.iterations=", kIterations),
                                      "schedule.warmup_iterations=4",
                                      "logging.every_iterations=5",
                                      "validation.every_iterations=12",
                                      "checkpoint.every_iterations=3",
                                      "checkpoint.keep_last=0"};
  command.insert(command.end(), overrides.begin(), overrides.end());
  return command;
}

// Of the process that starts the others: rank 0 first, if it is there.
std::vector<pid_t> ChildrenOf(pid_t process) {
  const std::string path = absl::StrCat("/proc/", process, "/task/", process, "/children");
  std::ifstream file(path);
  std::vector<pid_t> children;
  for (pid_t child; file >> child;) children.push_back(child);
  return children;
}

class ProcessesTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }

  std::map<std::string, std::string> RunToTheEnd(const std::string& name, int processes,
                                                 const std::vector<std::string>& overrides = {}) {
    const ChildResult result = RunChild(Command(folder_ / name, processes, overrides));
    EXPECT_EQ(result.status, 0) << result.err;
    return RunContents(folder_ / name, kIterations);
  }

  static void ExpectEqual(const std::map<std::string, std::string>& a,
                          const std::map<std::string, std::string>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [name, contents] : a) EXPECT_TRUE(contents == b.at(name)) << name;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "processes_test";
};

TEST_F(ProcessesTest, OneTwoAndFourEndInTheSameBytes) {
  for (const char* precision : {"precision=FP32", "precision=BF16"}) {
    const auto whole = RunToTheEnd(absl::StrCat(precision, 1), 1, {precision});
    ASSERT_EQ(whole.size(), 5 + 2) << "five files of a checkpoint and two logs";
    for (const int processes : {2, 4}) {
      ExpectEqual(RunToTheEnd(absl::StrCat(precision, processes), processes, {precision}), whole);
    }
  }
}

TEST_F(ProcessesTest, GoOnAsAnotherNumberOfProcesses) {
  const auto whole = RunToTheEnd("whole", 1);
  const fs::path run = folder_ / "elastic";
  for (const int processes : {4, 2}) {
    ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(Command(run, processes, {})));
    const int before = NewestCheckpoint(run);
    ASSERT_TRUE(WaitWhileChildRuns([&] { return NewestCheckpoint(run) > before; })) << child.Err();
    child.Signal(SIGTERM);
    EXPECT_EQ(child.Wait(), 128 + SIGTERM) << child.Err();
    EXPECT_THAT(child.Err(), HasSubstr("go on with --resume"));
  }
  EXPECT_LT(NewestCheckpoint(run), kIterations);
  ExpectEqual(RunToTheEnd("elastic", 1), whole);
}

// Any of them, at any moment.
TEST_F(ProcessesTest, AKilledOneEndsAllAndTheRunGoesOn) {
  const auto whole = RunToTheEnd("whole", 1);
  const fs::path run = folder_ / "killed";
  RandomStream draws(1, "kills", 0);
  for (int kills = 0; kills < Kills() && NewestCheckpoint(run) < kIterations; ++kills) {
    ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(Command(run, 4, {})));
    std::vector<pid_t> ranks;
    ASSERT_TRUE(WaitWhileChildRuns([&] { return (ranks = ChildrenOf(child.pid())).size() == 4; }));
    absl::SleepFor(absl::Milliseconds(draws.Below(2500)));
    if (kill(ranks[draws.Below(4)], SIGKILL) != 0) continue;  // it was quicker
    if (child.Wait() == 0) continue;
    EXPECT_THAT(child.Err(), HasSubstr("was ended by signal 9"));
  }
  ExpectEqual(RunToTheEnd("killed", 1), whole);
}

TEST_F(ProcessesTest, AnErrorOfOneIsToldOnceByEach) {
  const ChildResult result = RunChild(Command(folder_ / "three", 3, {}));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("shards: is 4, which so many processes can share: 1, 2, 4"),
                    HasSubstr("ended with exit status 2")));
}

TEST_F(ProcessesTest, WhoWasStartedByALauncherStartsNone) {
  const ChildResult result =
      RunChild({"/usr/bin/env", "RANK=0", "WORLD_SIZE=3", "MASTER_ADDR=127.0.0.1",
                "MASTER_PORT=29500", "train/train", "--processes=2"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("leave the flag out"));
}

}  // namespace
}  // namespace vitrine
