// //eval:reproduce as its users run it: a process that starts //train's, really trains, is killed
// and goes on. The models are made small by overrides, so nothing here passes or fails.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/files/file.h"
#include "base/files/folder_lock.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

constexpr char kProgram[] = "eval/reproduce/reproduce";

class ReproduceProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = EmptyFolder("reproduce");
    WriteMnist(folder_ / "data" / "mnist", 64, 20);
    WriteCifar10(folder_ / "data" / "cifar-10-batches-bin");
  }

  // Steps 1 and 4 with small models.
  std::vector<std::string> Command(const std::string& run_dir,
                                   const std::vector<std::string>& more) const {
    std::vector<std::string> command = {kProgram,
                                        "--steps=1,4",
                                        absl::StrCat("--data_dir=", (folder_ / "data").string()),
                                        absl::StrCat("--run_dir=", (folder_ / run_dir).string()),
                                        "threads=1",
                                        "model.width=32",
                                        "model.depth=1"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  nlohmann::json Report(const std::string& run_dir) const {
    return nlohmann::json::parse(ReadFile(folder_ / run_dir / "reproduction.json").value());
  }

  std::string LastWeights(const std::string& run_dir, const std::string& run) const {
    return ReadFile(folder_ / run_dir / run / "checkpoints" / "000000300" / "model.safetensors")
        .value();
  }

  // A run of so many iterations that there is time to end it, of which every checkpoint is kept.
  static std::vector<std::string> Length(int iterations) {
    return {absl::StrCat("schedule.iterations=", iterations), "checkpoint.every_iterations=30",
            "checkpoint.keep_last=0"};
  }

  // Starts the command, and once this run is under way sends the signal to its process, or to all
  // of its group, which ends it. Returns when the run's process is gone too, and leaves what both
  // said in err_.
  void StartAndEnd(const std::vector<std::string>& command, const fs::path& run, int signal,
                   bool is_for_group = false) {
    ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(command));
    const absl::Time deadline = absl::Now() + absl::Minutes(5);
    while (!fs::exists(run / "checkpoints" / "000000030")) {
      ASSERT_LT(absl::Now(), deadline) << child.Out() << child.Err();
      absl::SleepFor(absl::Milliseconds(2));
    }
    if (is_for_group) {
      ASSERT_EQ(kill(-child.pid(), signal), 0);
    } else {
      child.Signal(signal);
    }
    EXPECT_EQ(child.Wait(), 128 + signal) << "it was to be ended before its end";
    err_ = child.Err();
    while (!FolderLock::Acquire(run).ok()) {
      ASSERT_LT(absl::Now(), deadline) << "the run goes on without the program that started it";
      absl::SleepFor(absl::Milliseconds(2));
    }
  }

  fs::path folder_;
  std::string err_;
};

TEST_F(ReproduceProcessTest, TrainsEvaluatesAndReports) {
  const ChildResult result = RunChild(Command("runs", {"--scale=0.02"}));
  EXPECT_EQ(result.status, 0) << result.err;
  // The console lines of //train, of 2 and of 20 iterations, and then the table.
  EXPECT_THAT(result.out, AllOf(HasSubstr("\n1/2  "), HasSubstr("\n19/20  "),
                                HasSubstr("| scaled, overridden |"), HasSubstr("2 of 100"),
                                HasSubstr("20 of 1000"), HasSubstr("reproduction.md")));
  EXPECT_THAT(ReadFile(folder_ / "runs" / "reproduction.md").value(),
              StartsWith("# Reported and measured\n"));

  const nlohmann::json report = Report("runs");
  EXPECT_THAT(report["command"], HasSubstr("--steps=1,4 --data_dir=/"));
  ASSERT_EQ(report["rows"].size(), 2);
  const auto& cifar = report["rows"][1];
  EXPECT_EQ(cifar["step"], 4);
  EXPECT_EQ(cifar["iterations"], 20);
  EXPECT_EQ(cifar["figures"][0]["verdict"], "scaled, overridden");
  EXPECT_EQ(cifar["figures"][0]["reported"], 0.2956);
  const auto run =
      nlohmann::json::parse(ReadFile(folder_ / "runs" / "step4-seed0" / "run.json").value());
  EXPECT_EQ(cifar["figures"][0]["measured"], run["test"]["top1"]);
  EXPECT_EQ(cifar["runs"][0]["test_count"], 10);
}

TEST_F(ReproduceProcessTest, EverySeedIsARunOfItsOwn) {
  const ChildResult result =
      RunChild(Command("runs", {"--scale=0.02", "--seeds=2", "--steps=4",
                                "--output=" + (folder_ / "out" / "r").string()}));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(" +- "));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "r.md"));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "r.json"));
  EXPECT_NE(ReadFile(folder_ / "runs" / "step4-seed0" / "metrics.csv").value(),
            ReadFile(folder_ / "runs" / "step4-seed1" / "metrics.csv").value());
}

TEST_F(ReproduceProcessTest, KilledItGoesOnWhereItWas) {
  std::vector<std::string> more = Length(300);
  more.insert(more.end(), {"--steps=4", "--seeds=2"});
  ASSERT_EQ(RunChild(Command("whole", more)).status, 0);
  const fs::path killed = folder_ / "killed";
  StartAndEnd(Command("killed", more), killed / "step4-seed1", SIGKILL);
  const std::string finished = ReadFile(killed / "step4-seed0" / "run.json").value();

  more.push_back("--resume");
  const ChildResult result = RunChild(Command("killed", more));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("this run is finished"), HasSubstr("resumed after ")));
  EXPECT_EQ(ReadFile(killed / "step4-seed0" / "run.json").value(), finished);
  EXPECT_EQ(LastWeights("killed", "step4-seed1"), LastWeights("whole", "step4-seed1"));
  EXPECT_EQ(Report("killed")["rows"][0]["figures"], Report("whole")["rows"][0]["figures"]);
}

TEST_F(ReproduceProcessTest, InterruptedItEndsTheRunInOrder) {
  std::vector<std::string> more = Length(100000);
  more.push_back("--steps=4");
  StartAndEnd(Command("runs", more), folder_ / "runs" / "step4-seed0", SIGINT);
  EXPECT_THAT(err_, AllOf(HasSubstr("train: interrupted after "),
                          HasSubstr("reproduce: interrupted; go on with --resume")));
}

// As timeout and a cluster do it: the run has the signal from them and from the program that
// started it, and takes that for one.
TEST_F(ReproduceProcessTest, InterruptedAsAGroupItEndsTheRunInOrder) {
  std::vector<std::string> command = {"setsid"};
  const std::vector<std::string> more = Length(100000);
  for (const std::string& argument : Command("runs", more)) command.push_back(argument);
  command.push_back("--steps=4");
  StartAndEnd(command, folder_ / "runs" / "step4-seed0", SIGTERM, /*is_for_group=*/true);
  EXPECT_THAT(err_, AllOf(HasSubstr("train: interrupted after "),
                          HasSubstr("reproduce: interrupted; go on with --resume")));
}

TEST_F(ReproduceProcessTest, FolderOfAnotherReproductionIsRefused) {
  ASSERT_EQ(RunChild(Command("runs", {"--scale=0.01", "--steps=1"})).status, 0);
  const ChildResult result = RunChild(Command("runs", {"--scale=0.01", "--steps=1"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("not empty"), HasSubstr("--resume")));
  EXPECT_EQ(RunChild(Command("runs", {"--scale=0.01", "--steps=1", "--resume"})).status, 0);
}

TEST_F(ReproduceProcessTest, RowsWithoutDataAreNotRunAndNotFailed) {
  fs::remove_all(folder_ / "data" / "cifar-10-batches-bin");
  const ChildResult result =
      RunChild(Command("runs", {"--scale=0.01", "--steps=1,4,7", "model.heads=2"}));
  EXPECT_EQ(result.status, 0) << result.err;
  const nlohmann::json rows = Report("runs")["rows"];
  EXPECT_EQ(rows[0]["figures"][0]["verdict"], "scaled, overridden");
  EXPECT_EQ(rows[1]["figures"][0]["verdict"], "not run");
  EXPECT_THAT(rows[1]["problem"], HasSubstr("//data:prepare"));
  EXPECT_EQ(rows[2]["figures"][0]["verdict"], "not run");
  EXPECT_THAT(rows[2]["problem"], HasSubstr("--dataset=imagenet100"));
}

// On a folder of images of one's own, with a small model: a checkpoint at each of 40 iterations.
TEST_F(ReproduceProcessTest, StepSevenMeasuresItsCheckpointsAndAverages) {
  for (const char* folder : {"train/cat/", "train/dog/", "val/cat/", "val/dog/"}) {
    for (int i = 0; i < 4; ++i) {
      WriteTestFile(folder_ / "pictures" / absl::StrCat(folder, i, ".png"),
                    EncodePng(MakePicture(60 + i, 50, i)));
    }
  }
  const ChildResult result = RunChild(
      Command("runs", {"--steps=7", "--scale=0.0001", "model.heads=2", "model.num_classes=2",
                       "data.source=IMAGE_FOLDER", "data.batch_size=2",
                       absl::StrCat("--data_dir=", (folder_ / "pictures").string())}));
  EXPECT_EQ(result.status, 0) << result.err;

  const nlohmann::json row = Report("runs")["rows"][0];
  EXPECT_EQ(row["iterations"], 40);
  int measured = 0;
  for (const auto& figure : row["figures"]) {
    EXPECT_EQ(figure["verdict"], "scaled, overridden") << figure;
    EXPECT_FALSE(figure["measured"].is_null()) << figure;
    ++measured;
  }
  EXPECT_EQ(measured, 7) << "the best checkpoint's loss and accuracy, four averages, parameters";

  const fs::path run = folder_ / "runs" / "step7-seed0";
  ASSERT_OK_AND_ASSIGN(const Checkpoint average, ReadCheckpoint(run / "averages" / "280k-last"));
  EXPECT_EQ(average.manifest.average_of().iterations_size(), 13);
  EXPECT_TRUE(fs::exists(run / "rollout" / "contact_sheet.png"));
}

TEST_F(ReproduceProcessTest, ARunThatFailsIsReportedAndTheOthersAreRun) {
  // Such a learning rate makes the loss of both something else than a number.
  const ChildResult result =
      RunChild(Command("runs", {"--scale=0.05", "--steps=1,4", "schedule.max_learning_rate=1e30"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("not reproduced: step 1 (MNIST)"));
  const nlohmann::json rows = Report("runs")["rows"];
  EXPECT_EQ(rows[0]["figures"][0]["verdict"], "error");
  EXPECT_THAT(rows[0]["problem"], HasSubstr("step1-seed0: //train ended with exit status 1"));
  EXPECT_THAT(rows[1]["problem"], HasSubstr("step4-seed0: //train ended with exit status 1"));
}

struct Mistake {
  std::vector<std::string> arguments;
  int status;
  std::string message;
};

class ReproduceMistakeTest : public ReproduceProcessTest,
                             public ::testing::WithParamInterface<Mistake> {};

TEST_P(ReproduceMistakeTest, IsOneLineAndLeavesNothing) {
  WriteMnist(folder_ / "damaged" / "mnist", 64, 20);
  WriteTestFile(folder_ / "damaged" / "mnist" / "train-images-idx3-ubyte", "short");
  std::vector<std::string> command = {kProgram, "--run_dir=" + (folder_ / "runs").string()};
  for (const std::string& argument : GetParam().arguments) {
    command.push_back(argument == "--data_dir" ? "--data_dir=" + (folder_ / "damaged").string()
                                               : argument);
  }
  const ChildResult result = RunChild(command);
  EXPECT_EQ(result.status, GetParam().status) << result.err;
  EXPECT_THAT(result.err, HasSubstr(GetParam().message));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReproduceMistakeTest,
    ::testing::Values(Mistake{{}, 2, "--steps"}, Mistake{{"--steps=1,8"}, 2, "no step '8'"},
                      Mistake{{"--steps=1", "--scale=2"}, 2, "--scale=2"},
                      Mistake{{"--steps=1", "--seeds=0"}, 2, "--seeds=0"},
                      Mistake{{"--steps=1", "--stepz"}, 2, "--stepz"},
                      Mistake{{"--steps=1", "model.widht=3"}, 2, "no field 'widht'"},
                      Mistake{{"--steps=1", "model"}, 2, "'model'"},
                      Mistake{{"--steps=1", "--data_dir"}, 1, "train-images-idx3-ubyte"}));

TEST_F(ReproduceProcessTest, HelpShowsOwnFlagsOnly) {
  const ChildResult result = RunChild({kProgram, "--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("--steps"), HasSubstr("--scale"), Not(HasSubstr("logtostderr"))));
}

}  // namespace
}  // namespace vitrine
