// //train as its users run it: a process, its files and its exit status.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "base/tensors/device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

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
                                        "--device=cpu",
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

  // Every file of the last checkpoint, by name.
  std::map<std::string, std::string> LastCheckpoint(const std::string& run) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ / run / "checkpoints" / "000000040")) {
      files[entry.path().filename()] = ReadFile(entry.path()).value();
    }
    return files;
  }

  // The rows of a CSV file without the columns that hold times.
  std::vector<std::string> Rows(const std::string& run, const std::string& file) const {
    std::vector<std::string> rows;
    const std::string text = ReadFile(folder_ / run / file).value();
    for (const std::string_view row : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      std::vector<std::string> cells = absl::StrSplit(row, ',');
      if (file == "metrics.csv") cells.erase(cells.begin() + 4, cells.begin() + 7);
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

  // What the test left beside the last checkpoint.
  fs::path ResultFile(const std::string& run, const std::string& weights = "model") const {
    return folder_ / run / "checkpoints" / absl::StrCat("000000040.", weights, ".test.textproto");
  }

  bool RunHasBegun(const std::string& run) const {
    return fs::exists(folder_ / run / "config.textproto");
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "runs";
};

TEST_F(TrainProcessTest, LeavesItsFilesAndFigures) {
  const ChildResult result = RunChild(Command("run"));
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
  EXPECT_TRUE(fs::exists(folder_ / "run" / "report.html"));
  EXPECT_THAT(ReadFile(ResultFile("run")).value(),
              AllOf(StartsWith("iteration: 40\nweights: \"model\"\n"), HasSubstr("\ncount: 360\n"),
                    HasSubstr(absl::StrCat(
                        "\ncorrect_top1: ", record["test"]["correct_top1"].get<int>(), "\n"))));
}

// As if the run had been killed between its last checkpoint and its test.
void Untest(const fs::path& run) {
  auto record = nlohmann::json::parse(ReadFile(run / "run.json").value());
  record["status"] = "running";
  record.erase("test");
  ASSERT_OK(WriteAtomically(run / "run.json", record.dump()));
}

TEST_F(TrainProcessTest, KilledBeforeItsTestItIsTestedOnResume) {
  ASSERT_EQ(RunChild(Command("run", {"--noreport"})).status, 0);
  ASSERT_OK_AND_ASSIGN(const std::string result, ReadFile(ResultFile("run")));
  const fs::path run_json = folder_ / "run" / "run.json";
  const auto test = nlohmann::json::parse(ReadFile(run_json).value())["test"];
  const std::vector<std::string> rows = Rows("run", "validation.csv");
  Untest(folder_ / "run");
  ASSERT_OK(WriteAtomically(ResultFile("run"), "of other weights"));
  const ChildResult resumed = RunChild(Command("run", {"--resume", "--noreport"}));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("resumed after 40"));
  EXPECT_EQ(ReadFile(ResultFile("run")).value(), result);
  EXPECT_EQ(nlohmann::json::parse(ReadFile(run_json).value())["test"], test);
  EXPECT_EQ(Rows("run", "validation.csv"), rows);
}

TEST_F(TrainProcessTest, WithoutAPlaceForItsResultARunHasItsFiguresAndReport) {
  ASSERT_EQ(RunChild(Command("run", {"--noreport"})).status, 0);
  Untest(folder_ / "run");
  fs::remove(ResultFile("run"));
  fs::create_directories(ResultFile("run") / "taken");
  const ChildResult resumed = RunChild(Command("run", {"--resume"}));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("the test's result is not kept: "),
                                 HasSubstr(ResultFile("run").string())));
  const auto record = nlohmann::json::parse(ReadFile(folder_ / "run" / "run.json").value());
  EXPECT_EQ(record["status"], "finished");
  EXPECT_THAT(ReadFile(folder_ / "run" / "report.html").value(), HasSubstr("\"groups\":[{"));
}

TEST_F(TrainProcessTest, SameSeedSameBytesOtherSeedOtherBytes) {
  ASSERT_EQ(RunChild(Command("a")).status, 0);
  ASSERT_EQ(RunChild(Command("b")).status, 0);
  ASSERT_EQ(RunChild(Command("c", {"seed=1"})).status, 0);
  EXPECT_EQ(LastCheckpoint("a"), LastCheckpoint("b"));
  EXPECT_NE(LastCheckpoint("a").at("model.safetensors"),
            LastCheckpoint("c").at("model.safetensors"));
}

TEST_F(TrainProcessTest, TrainsOnAGpuAsOnTheCpu) {
  const auto gpu = FindDevice("cuda", "");
  if (!gpu.ok()) GTEST_SKIP() << gpu.status().message();
  const auto second_loss = [this](const std::string& run, const std::string& device) {
    const ChildResult result =
        RunChild(Command(run, {device, "schedule.iterations=2", "schedule.warmup_iterations=0",
                               "precision=FP32", "model.dropout=0"}));
    EXPECT_EQ(result.status, 0) << result.err;
    return std::stod(std::vector<std::string>(absl::StrSplit(Rows(run, "metrics.csv")[2], ','))[1]);
  };
  EXPECT_NEAR(second_loss("on_gpu", "--device=cuda"), second_loss("on_cpu", "--device=cpu"), 1e-3);
  const auto record = nlohmann::json::parse(ReadFile(folder_ / "on_gpu" / "run.json").value());
  EXPECT_EQ(record["device"], "cuda:0");
  EXPECT_EQ(record["test"]["count"], 360);
}

TEST_F(TrainProcessTest, LengthsMayBeInEpochs) {
  const ChildResult result =
      RunChild(Command("run", {"schedule.epochs=1", "schedule.warmup_fraction=0.25"}));
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string config = ReadFile(folder_ / "run" / "config.textproto").value();
  EXPECT_THAT(config, AllOf(HasSubstr("  iterations: 16\n"), HasSubstr("warmup_iterations: 4\n"),
                            Not(HasSubstr("epochs"))));
}

TEST_F(TrainProcessTest, AverageAndBestCheckpointAreKept) {
  const ChildResult result =
      RunChild(Command("run", {"ema.horizon_fraction=0.5", "checkpoint.every_iterations=10",
                               "validation.every_iterations=10", "checkpoint.keep_last=1",
                               "checkpoint.keep_best=true"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("\nema 0."), HasSubstr("test accuracy")));
  const auto record = nlohmann::json::parse(ReadFile(folder_ / "run" / "run.json").value());
  const std::string best = record["best"]["checkpoint"];
  EXPECT_TRUE(fs::exists(folder_ / "run" / "checkpoints" / best / "manifest.pb")) << best;
  EXPECT_EQ(record["test_ema"]["count"], 360);
  EXPECT_THAT(ReadFile(ResultFile("run", "ema")).value(),
              AllOf(HasSubstr("weights: \"ema\"\n"),
                    HasSubstr(absl::StrCat(
                        "\ncorrect_top1: ", record["test_ema"]["correct_top1"].get<int>(), "\n"))));
  EXPECT_EQ(LastCheckpoint("run").count("ema.safetensors"), 1);
  double lowest = 1e9;
  for (const std::string& row : Rows("run", "validation.csv")) {
    const std::vector<std::string> cells = absl::StrSplit(row, ',');
    if (cells[1] == "minival") lowest = std::min(lowest, std::stod(cells[2]));
  }
  EXPECT_NEAR(record["best"]["minival_loss"].get<double>(), lowest, 1e-6);
}

TEST_F(TrainProcessTest, HalfPrecisionAndKernelsOfTheDeviceAreSaidAndRecorded) {
  const ChildResult result = RunChild(Command("run", {"precision=AUTO16"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("BF16"), HasSubstr("FUSED")));
  const auto record = nlohmann::json::parse(ReadFile(folder_ / "run" / "run.json").value());
  EXPECT_EQ(record["precision"], "BF16");
  EXPECT_EQ(record["kernels"], "FUSED");
}

TEST_F(TrainProcessTest, Fp16OnACpuWarns) {
  const ChildResult result = RunChild(Command("run", {"precision=FP16", "schedule.iterations=5"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("FP16 is slow on a CPU"));
  EXPECT_THAT(result.out, HasSubstr("REFERENCE"));
}

TEST_F(TrainProcessTest, BadNumbersEndTheRunAndLeaveTheLastCheckpoint) {
  const ChildResult result =
      RunChild(Command("run", {"schedule.max_learning_rate=1e30", "optimizer.clip_norm=0",
                               "schedule.kind=CONSTANT", "checkpoint.every_iterations=1"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("iteration "), HasSubstr("max_learning_rate")));
  const ChildResult resumable = RunChild({"train/train", "--resume", "--dry_run",
                                          absl::StrCat("--run_dir=", (folder_ / "run").string())});
  EXPECT_EQ(resumable.status, 0) << resumable.err;
  EXPECT_FALSE(fs::is_empty(folder_ / "run" / "checkpoints"));
  // The remedies that the message names.
  const std::vector<std::string> wild = {"schedule.max_learning_rate=1e30", "optimizer.clip_norm=0",
                                         "schedule.kind=CONSTANT", "on_non_finite=SKIP"};
  const ChildResult skipped = RunChild(Command("skips", wild));
  EXPECT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_THAT(skipped.err, HasSubstr("iterations skipped"));
  EXPECT_EQ(RunChild(Command("lower", {"optimizer.clip_norm=0", "schedule.kind=CONSTANT"})).status,
            0);
}

// As if the run had been killed after its last checkpoint but one.
void Unfinish(const fs::path& run) {
  fs::remove_all(run / "checkpoints" / "000000040");
  ASSERT_OK(WriteAtomically(run / "run.json", "{}"));
}

TEST_F(TrainProcessTest, AnotherProcessorIsWarnedOf) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  Unfinish(folder_ / "run");
  ASSERT_OK(WriteAtomically(folder_ / "run" / "run.json", "{\"cpu_capability\": \"AVX1\"}"));
  const ChildResult resumed = RunChild(Command("run", {"--resume"}));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("resumed after 36"));
  EXPECT_THAT(resumed.err, HasSubstr("on a processor with AVX1 and goes on with"));
}

TEST_F(TrainProcessTest, CheckpointOfAnotherConfigIsRefused) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  ASSERT_EQ(RunChild(Command("other", {"seed=7"})).status, 0);
  Unfinish(folder_ / "run");
  const fs::path checkpoint = fs::path("checkpoints") / "000000036";
  fs::remove_all(folder_ / "run" / checkpoint);
  fs::copy(folder_ / "other" / checkpoint, folder_ / "run" / checkpoint);
  const ChildResult resumed = RunChild(Command("run", {"--resume"}));
  EXPECT_EQ(resumed.status, 1);
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("another config"), HasSubstr("seed: 7 -> 0")));
  // As it was when that checkpoint was written.
  fs::copy_file(folder_ / "other" / "config.textproto", folder_ / "run" / "config.textproto",
                fs::copy_options::overwrite_existing);
  const ChildResult mended = RunChild(Command("run", {"--resume", "seed=7"}));
  EXPECT_EQ(mended.status, 0) << mended.err;
  EXPECT_THAT(mended.out, HasSubstr("resumed after 36"));
}

TEST_F(TrainProcessTest, RunThatLostItsCheckpointsIsNotBegunAgain) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  Unfinish(folder_ / "run");
  fs::rename(folder_ / "run" / "checkpoints", folder_ / "aside");
  const std::string metrics = ReadFile(folder_ / "run" / "metrics.csv").value();
  const ChildResult resumed = RunChild(Command("run", {"--resume"}));
  EXPECT_EQ(resumed.status, 1);
  EXPECT_THAT(resumed.err, HasSubstr("checkpoints are gone; put one back"));
  EXPECT_EQ(ReadFile(folder_ / "run" / "metrics.csv").value(), metrics);
  fs::rename(folder_ / "aside" / "000000036", folder_ / "run" / "checkpoints" / "000000036");
  EXPECT_THAT(RunChild(Command("run", {"--resume"})).out, HasSubstr("resumed after 36"));
}

TEST_F(TrainProcessTest, WeightsThatAreNotFiniteAreNotWritten) {
  const ChildResult result =
      RunChild(Command("run", {"optimizer.weight_decay=1e300", "checkpoint.every_iterations=1"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("after 1 iterations"), HasSubstr("not finite"), HasSubstr("weight")));
  EXPECT_TRUE(fs::is_empty(folder_ / "run" / "checkpoints"));
}

TEST_F(TrainProcessTest, FineTuningKilledBeforeItsConfigWasThereBeginsAgain) {
  ASSERT_EQ(RunChild(Command("first")).status, 0);
  const std::string from = absl::StrCat("--init_from=", (folder_ / "first").string());
  ASSERT_EQ(RunChild(Command("whole", {from})).status, 0);
  fs::create_directories(folder_ / "killed" / "checkpoints" / ".000000000");
  const ChildResult result = RunChild(Command("killed", {from, "--resume"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(LastCheckpoint("killed"), LastCheckpoint("whole"));
}

TEST_F(TrainProcessTest, FineTuningThatLostItsCheckpointsIsNotBegunAgain) {
  ASSERT_EQ(RunChild(Command("first")).status, 0);
  const std::string from = absl::StrCat("--init_from=", (folder_ / "first").string());
  ASSERT_EQ(RunChild(Command("run", {from, "schedule.iterations=5"})).status, 0);
  const fs::path run_json = folder_ / "run" / "run.json";
  auto record = nlohmann::json::parse(ReadFile(run_json).value());
  EXPECT_THAT(record["initialised_from"].get<std::string>(),
              StartsWith((folder_ / "first/checkpoints/0").string()));
  record["status"] = "running";
  ASSERT_OK(WriteAtomically(run_json, record.dump()));
  fs::remove_all(folder_ / "run" / "checkpoints");
  const ChildResult resumed = RunChild(Command("run", {"schedule.iterations=5", "--resume"}));
  EXPECT_EQ(resumed.status, 1);
  EXPECT_THAT(resumed.err, HasSubstr("checkpoints are gone"));
}

// The digits once more, as a task of its own: what was learnt must be there from the start.
TEST_F(TrainProcessTest, FineTuningBeginsWithTheWeightsOfAnotherRun) {
  ASSERT_EQ(RunChild(Command("first", {"schedule.iterations=200"})).status, 0);
  const std::string from = absl::StrCat("--init_from=", (folder_ / "first").string());
  const ChildResult tuned = RunChild(Command("tuned", {from, "logging.every_iterations=1"}));
  ASSERT_EQ(tuned.status, 0) << tuned.err;
  EXPECT_THAT(tuned.out, HasSubstr("initialised from"));
  const auto first_loss = [this](const std::string& run) {
    const std::vector<std::string> cells = absl::StrSplit(Rows(run, "metrics.csv")[1], ',');
    return std::stod(cells[1]);
  };
  EXPECT_LT(first_loss("tuned"), 0.5 * first_loss("first"));

  // Killed before its first checkpoint it goes on from the same weights, without being told.
  const std::vector<std::string> command = Command("killed", {from});
  ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(command));
  while (!RunHasBegun("killed")) absl::SleepFor(absl::Milliseconds(1));
  child.Signal(SIGKILL);
  child.Wait();
  ASSERT_EQ(RunChild(Command("killed", {"--resume", "logging.every_iterations=7"})).status, 0);
  EXPECT_EQ(LastCheckpoint("killed").at("model.safetensors"),
            LastCheckpoint("tuned").at("model.safetensors"));
}

TEST_F(TrainProcessTest, FullDiskIsOneLineAndTheRunGoesOnLater) {
  ASSERT_EQ(RunChild(Command("whole")).status, 0);
  // 40 blocks of 1024 bytes a file: enough for the logs, too few for a checkpoint.
  std::vector<std::string> limited = {"bash", "-c", "ulimit -f 40; exec \"$@\"", "bash"};
  const std::vector<std::string> command = Command("full", {"--resume"});
  limited.insert(limited.end(), command.begin(), command.end());
  const ChildResult result = RunChild(limited);
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("safetensors"), HasSubstr("too large")));
  EXPECT_TRUE(fs::is_empty(folder_ / "full" / "checkpoints")) << "nothing is half-written";
  ASSERT_OK(WriteAtomically(folder_ / "full" / "report.html", "of half a run"));
  ASSERT_EQ(RunChild(command).status, 0);
  EXPECT_THAT(ReadFile(folder_ / "full" / "report.html").value(), HasSubstr("<html"));
  EXPECT_EQ(LastCheckpoint("full"), LastCheckpoint("whole"));
}

TEST_F(TrainProcessTest, RunThatWasKilledInItsFirstMomentIsStartedAgain) {
  fs::create_directories(folder_ / "run" / "checkpoints");
  ASSERT_THAT(WriteAndSync(folder_ / "run" / ".config.textproto.1.partial", "seed"), IsOk());
  const ChildResult result = RunChild(Command("run", {"--resume"}));
  EXPECT_EQ(result.status, 0) << result.err;
}

TEST_F(TrainProcessTest, FinishedRunIsLeftAsItIs) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  const std::string record = ReadFile(folder_ / "run" / "run.json").value();
  ASSERT_OK(WriteAtomically(folder_ / "run" / "report.html", "of both runs"));
  const ChildResult again =
      RunChild({"train/train", "--resume", absl::StrCat("--run_dir=", (folder_ / "run").string())});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("this run is finished"));
  EXPECT_EQ(ReadFile(folder_ / "run" / "run.json").value(), record);
  EXPECT_EQ(ReadFile(folder_ / "run" / "report.html").value(), "of both runs");
}

// As its message says.
TEST_F(TrainProcessTest, FinishedRunIsTrainedLongerByANewOneFromItsWeights) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  const ChildResult refused =
      RunChild(Command("run", {"--resume", "schedule.iterations=50", "--noreport"}));
  const std::string from = absl::StrCat("--init_from=", (folder_ / "run").string());
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("iterations: 40 -> 50"),
                                 HasSubstr(absl::StrCat("with ", from, " and another --run_dir"))));
  EXPECT_EQ(refused.err.find('\n'), refused.err.size() - 1) << refused.err;
  const ChildResult longer = RunChild(Command("longer", {from, "schedule.iterations=50"}));
  EXPECT_EQ(longer.status, 0) << longer.err;
  EXPECT_THAT(longer.out, AllOf(HasSubstr("initialised from"), HasSubstr("49/50  ")));
}

TEST_F(TrainProcessTest, RunsStartedAtOnceHaveAFolderEach) {
  std::vector<ChildProcess> children;
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::string> command = {
        "env",
        absl::StrCat("BUILD_WORKING_DIRECTORY=", folder_.string()),
        "train/train",
        "--noreport",
        "threads=1",
        "schedule.iterations=1",
        "schedule.warmup_iterations=0",
        "validation.every_iterations=0"};
    ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(command));
    children.push_back(std::move(child));
  }
  for (ChildProcess& child : children) EXPECT_EQ(child.Wait(), 0) << child.Err();
  int runs = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "runs")) {
    EXPECT_THAT(entry.path().filename().string(), StartsWith("quickstart-"));
    EXPECT_TRUE(fs::exists(entry.path() / "checkpoints" / "000000001")) << entry.path();
    ++runs;
  }
  EXPECT_EQ(runs, 3);
}

TEST_F(TrainProcessTest, LogsThatWereEditedAreSaidOnResume) {
  ASSERT_EQ(RunChild(Command("run", {"--noreport"})).status, 0);
  Unfinish(folder_ / "run");
  const fs::path metrics = folder_ / "run" / "metrics.csv";
  const std::string text = ReadFile(metrics).value();
  ASSERT_OK(WriteAtomically(metrics, absl::StrReplaceAll(text, {{"\n7,", "\nseven,"}})));
  const ChildResult resumed = RunChild(Command("run", {"--resume", "--noreport"}));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("metrics.csv: line 3 is not as it was written"));
  EXPECT_EQ(Rows("run", "metrics.csv").size(), 1 + 5 + 1);
}

TEST_F(TrainProcessTest, FolderOfAnotherRunIsRefused) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  const ChildResult result = RunChild(Command("run"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("not empty; go on with the run in it by --resume, take "
                                          "another --run_dir, or remove it")));
  EXPECT_EQ(RunChild(Command("run", {"--resume"})).status, 0);
  EXPECT_EQ(RunChild(Command("another")).status, 0);
  fs::remove_all(folder_ / "run");
  EXPECT_EQ(RunChild(Command("run")).status, 0);
}

TEST_F(TrainProcessTest, ContradictingConfigIsNotResumed) {
  ASSERT_EQ(RunChild(Command("run")).status, 0);
  const ChildResult result = RunChild(Command("run", {"--resume", "data.batch_size=16"}));
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("data.batch_size: 64 -> 16"));
}

TEST_F(TrainProcessTest, RunGoesOnWhoseConfigIsOlderThanAField) {
  ASSERT_EQ(RunChild(Command("whole")).status, 0);
  ASSERT_EQ(RunChild(Command("old")).status, 0);
  fs::remove(folder_ / "old" / "run.json");
  fs::remove_all(folder_ / "old" / "checkpoints" / "000000040");
  const fs::path config = folder_ / "old" / "config.textproto";
  const std::string text = ReadFile(config).value();
  const std::string old_text = absl::StrReplaceAll(text, {{"on_non_finite: STOP\n", ""}});
  ASSERT_NE(old_text, text);
  ASSERT_OK(WriteAtomically(config, old_text));
  const ChildResult result = RunChild(Command("old", {"--resume"}));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(LastCheckpoint("old"), LastCheckpoint("whole"));
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
  const ChildResult result = RunChild(command);
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
                      Mistake{{"--device=tpu"}, 2, "--device"},
                      Mistake{{"--torch_cuda_library=/none.so", "--device=cuda"}, 2, "/none.so"},
                      Mistake{{"--gpu_exchange=mpi"}, 2, "--gpu_exchange: must be auto, nccl or"},
                      Mistake{{"--gpu_exchange=nccl", "--device=cpu"}, 2, "the device is a CPU"},
                      Mistake{{"schedule.epochs=0.001"}, 2, "schedule.warmup_fraction=0.1"},
                      Mistake{{"schedule.iterations=5"}, 2, "schedule.warmup_fraction=0.1"},
                      Mistake{{"--config=step7"}, 1, "--dataset=imagenet100"},
                      Mistake{{"--config=imagenette"}, 1, "needs --data_dir"},
                      Mistake{{"--config=step1"}, 1, "//data:prepare"},
                      Mistake{{"--config=step1", "--data_dir=/nonexistent"}, 1, "/nonexistent"},
                      Mistake{{"model.image_size=35"}, 1, "28"},
                      Mistake{{"data.batch_size=5000"}, 2, "data.batch_size: 5000"}));

TEST_F(TrainProcessTest, SeveralProblemsAreALineEach) {
  const ChildResult result = RunChild({"train/train", "data.batch_size=0", "model.heads=3"});
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
    const ChildResult result = RunChild({"train/train", "--config=" + config, "--dry_run"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("parameters: " + count)) << config;
  }
  EXPECT_THAT(RunChild({"train/train", "--dry_run"}).out, HasSubstr("data: "));
}

TEST_F(TrainProcessTest, HelpShowsOwnFlagsOnly) {
  const ChildResult result = RunChild({"train/train", "--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("--data_dir"), HasSubstr("--resume"), Not(HasSubstr("logtostderr"))));
}

}  // namespace
}  // namespace vitrine
