// //train as its users run it: a process, its files and its exit status.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

struct Result {
  int status;
  std::string out, err;
};

class TrainProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // A run of 40 iterations of a small model, of a second or two.
  std::vector<std::string> Command(const std::string& run,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {"train/train",
                                        absl::StrCat("--run_dir=", (folder_ / run).string()),
                                        "threads=1",
                                        "model.width=32",
                                        "model.depth=2",
                                        "schedule.iterations=40",
                                        "schedule.warmup_iterations=4",
                                        "logging.every_iterations=7",
                                        "validation.every_iterations=20",
                                        "checkpoint.every_iterations=6"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  static Result Run(const std::vector<std::string>& command) {
    auto child = ChildProcess::Start(command);
    EXPECT_THAT(child, IsOk());
    const int status = child->Wait();
    return {status, child->Out(), child->Err()};
  }

  // Every file of the last checkpoint, by name.
  std::map<std::string, std::string> LastCheckpoint(const std::string& run) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ / run / "checkpoints" / "000000040")) {
      files[entry.path().filename()] = ReadFile(entry.path()).value();
    }
    return files;
  }

  // The rows of a CSV file without the column that holds times.
  std::vector<std::string> Rows(const std::string& run, const std::string& file) const {
    std::vector<std::string> rows;
    const std::string text = ReadFile(folder_ / run / file).value();
    for (const std::string_view row : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      std::vector<std::string> cells = absl::StrSplit(row, ',');
      if (file == "metrics.csv") cells.erase(cells.begin() + 4);
      rows.push_back(absl::StrJoin(cells, ","));
    }
    return rows;
  }

  int EventFiles(const std::string& run) const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / run)) {
      count += absl::StartsWith(entry.path().filename().string(), "events.out.tfevents.");
    }
    return count;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "runs";
};

TEST_F(TrainProcessTest, LeavesWhatTheContractSays) {
  const Result result = Run(Command("run"));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("parameters"), HasSubstr("0/40  "), HasSubstr("39/40  "),
                                HasSubstr("test accuracy ")));
  EXPECT_EQ(Rows("run", "metrics.csv").size(), 1 + 6 + 1);  // 0, 7, ..., 35 and the last
  EXPECT_EQ(Rows("run", "validation.csv").size(), 1 + 2 + 1);
  const auto record = nlohmann::json::parse(ReadFile(folder_ / "run" / "run.json").value());
  EXPECT_EQ(record["status"], "finished");
  EXPECT_EQ(record["test"]["count"], 360);
  EXPECT_EQ(record["threads"], 1);
  EXPECT_TRUE(fs::exists(folder_ / "run" / "config.textproto"));
  EXPECT_EQ(LastCheckpoint("run").size(), 4);
  EXPECT_EQ(EventFiles("run"), 1);
}

TEST_F(TrainProcessTest, SameSeedSameBytesOtherSeedOtherBytes) {
  ASSERT_EQ(Run(Command("a")).status, 0);
  ASSERT_EQ(Run(Command("b")).status, 0);
  ASSERT_EQ(Run(Command("c", {"seed=1"})).status, 0);
  EXPECT_EQ(LastCheckpoint("a"), LastCheckpoint("b"));
  EXPECT_NE(LastCheckpoint("a").at("model.safetensors"),
            LastCheckpoint("c").at("model.safetensors"));
}

TEST_F(TrainProcessTest, KilledAndResumedGivesTheBytesOfAnUninterruptedRun) {
  ASSERT_EQ(Run(Command("whole")).status, 0);
  int kills = 0;
  // Killed ever later, until a run gets to its end; a start alone takes some of the first moments.
  for (int milliseconds = 300;; milliseconds += 150) {
    ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(Command("killed", {"--resume"})));
    absl::SleepFor(absl::Milliseconds(milliseconds));
    child.Signal(SIGKILL);
    const int status = child.Wait();
    if (status == 0) break;
    ASSERT_EQ(status, 128 + SIGKILL) << child.Err();
    ++kills;
    ASSERT_LT(kills, 100);
  }
  EXPECT_GE(kills, 1);
  EXPECT_EQ(LastCheckpoint("killed"), LastCheckpoint("whole"));
  EXPECT_EQ(Rows("killed", "metrics.csv"), Rows("whole", "metrics.csv"));
  EXPECT_EQ(Rows("killed", "validation.csv"), Rows("whole", "validation.csv"));
}

TEST_F(TrainProcessTest, FinishedRunIsLeftAsItIs) {
  ASSERT_EQ(Run(Command("run")).status, 0);
  const std::string record = ReadFile(folder_ / "run" / "run.json").value();
  const Result again =
      Run({"train/train", "--resume", absl::StrCat("--run_dir=", (folder_ / "run").string())});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("this run is finished"));
  EXPECT_EQ(ReadFile(folder_ / "run" / "run.json").value(), record);
}

TEST_F(TrainProcessTest, FolderOfAnotherRunIsRefused) {
  ASSERT_EQ(Run(Command("run")).status, 0);
  const Result result = Run(Command("run"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("not empty"), HasSubstr("--resume")));
}

TEST_F(TrainProcessTest, ContradictingConfigIsNotResumed) {
  ASSERT_EQ(Run(Command("run")).status, 0);
  const Result result = Run(Command("run", {"--resume", "data.batch_size=16"}));
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("data.batch_size: 64 -> 16"));
}

struct Mistake {
  std::vector<std::string> arguments;
  int status;
  std::string message;
};

class MistakeTest : public TrainProcessTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(MistakeTest, IsOneLineWithTheRemedy) {
  std::vector<std::string> command = {"train/train",
                                      absl::StrCat("--run_dir=", (folder_ / "run").string())};
  for (const std::string& argument : GetParam().arguments) command.push_back(argument);
  const Result result = Run(command);
  EXPECT_EQ(result.status, GetParam().status) << result.err;
  EXPECT_THAT(result.err, HasSubstr(GetParam().message));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
  EXPECT_FALSE(fs::exists(folder_ / "run")) << "nothing is left behind";
}

INSTANTIATE_TEST_SUITE_P(
    Table, MistakeTest,
    ::testing::Values(Mistake{{"--confg=step1"}, 2, "--confg"},
                      Mistake{{"--config=step9"}, 2, "no config 'step9'"},
                      Mistake{{"schedule.iteration=3"}, 2, "no field 'iteration'"},
                      Mistake{{"data.batch_size=0"}, 2, "data.batch_size"},
                      Mistake{{"precision=BF16"}, 2, "precision=FP32"},
                      Mistake{{"--device=cuda"}, 2, "--device=cuda"},
                      Mistake{{"--config=step6", "optimizer.clip_order=UNSCALED"}, 2, "precision"},
                      Mistake{{"--config=step7"}, 2, "IMAGENET100"},
                      Mistake{{"--config=step1"}, 1, "//data:prepare"},
                      Mistake{{"--config=step1", "--data_dir=/nonexistent"}, 1, "/nonexistent"},
                      Mistake{{"model.image_size=35"}, 1, "28"},
                      Mistake{{"data.batch_size=5000"}, 1, "batch"}));

TEST_F(TrainProcessTest, SeveralProblemsAreALineEach) {
  const Result result = Run({"train/train", "data.batch_size=0", "model.heads=3"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 2) << result.err;
}

TEST_F(TrainProcessTest, DryRunPrintsExactCountsAndTrainsNothing) {
  const std::map<std::string, std::string> counts = {{"step1", "28,414,506"},
                                                     {"step3", "28,524,682"},
                                                     {"step5", "101,000,586"},
                                                     {"step6", "12,675,690"},
                                                     {"step7", "85,878,628"}};
  for (const auto& [config, count] : counts) {
    const Result result = Run({"train/train", "--config=" + config, "--dry_run"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("parameters: " + count)) << config;
  }
  EXPECT_THAT(Run({"train/train", "--dry_run"}).out, HasSubstr("data: "));
}

TEST_F(TrainProcessTest, HelpShowsOwnFlagsOnly) {
  const Result result = Run({"train/train", "--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("--data_dir"), HasSubstr("--resume"), Not(HasSubstr("logtostderr"))));
}

}  // namespace
}  // namespace vitrine
