// Runs that are killed again and again, and then hold the bytes of a run that never was.
//
//   bazel test //train:resume_test          a few kills
//   bazel test //train:resume_20_test       twenty of each kind

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kIterations = 60;

int Kills() {
  int kills = 0;
  const char* text = std::getenv("KILLS");
  return text != nullptr && absl::SimpleAtoi(text, &kills) ? kills : 3;
}

// Every source of state is in use: dropout, an average, FP16's scale (which grows and shrinks
// within the run), a best checkpoint; and epochs end within it.
std::vector<std::string> Command(const fs::path& run, const std::vector<std::string>& overrides) {
  std::vector<std::string> command = {"train/train",
                                      "--noreport",
                                      "--resume",
                                      absl::StrCat("--run_dir=", run.string()),
                                      "--device=cpu",
                                      "threads=1",
                                      "precision=FP16",
                                      "loss_scale.initial=16777216",
                                      "loss_scale.growth_interval=3",
                                      "model.width=32",
                                      "model.depth=2",
                                      "ema.horizon_fraction=0.5",
                                      absl::StrCat("schedule.iterations=", kIterations),
                                      "schedule.warmup_iterations=4",
                                      "logging.every_iterations=7",
                                      "validation.every_iterations=12",
                                      "checkpoint.every_iterations=2",
                                      "checkpoint.keep_last=2",
                                      "checkpoint.keep_best=true"};
  command.insert(command.end(), overrides.begin(), overrides.end());
  return command;
}

class ResumeTest : public ::testing::Test {
 protected:
  explicit ResumeTest(std::vector<std::string> overrides = {}) : overrides_(std::move(overrides)) {}

  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    whole_ = RunToTheEnd("whole");
    ASSERT_EQ(whole_.size(), 5 + 2) << "five files of a checkpoint and two logs";
  }

  std::map<std::string, std::string> RunToTheEnd(const std::string& name) {
    const ChildResult result = RunChild(Command(folder_ / name, overrides_));
    EXPECT_EQ(result.status, 0) << result.err;
    return RunContents(folder_ / name, kIterations);
  }

  // Starts the run and sends the signal when the moment has come, again and again, then lets it
  // end.
  void Interrupt(const std::string& name, int signal,
                 const std::function<void(const fs::path& run)>& wait_for_the_moment) {
    int hits = 0;
    for (int tries = 0; hits < Kills(); ++tries) {
      ASSERT_LT(tries, 20 * Kills()) << "the moment never came";
      // A run that came to its end begins anew.
      if (fs::exists(folder_ / name / "checkpoints" / absl::StrCat("0000000", kIterations))) {
        EXPECT_EQ(RunToTheEnd(name), whole_);
        fs::remove_all(folder_ / name);
      }
      ASSERT_OK_AND_ASSIGN(ChildProcess child,
                           ChildProcess::Start(Command(folder_ / name, overrides_)));
      wait_for_the_moment(folder_ / name);
      child.Signal(signal);
      const int status = child.Wait();
      if (status == 0) continue;
      ASSERT_EQ(status, 128 + signal) << child.Err();
      ++hits;
    }
    EXPECT_EQ(RunToTheEnd(name), whole_);
    std::cout << hits << " times signal " << signal << ", the same bytes in " << whole_.size()
              << " files" << std::endl;
  }

  void KillAtAnyMoment() {
    RandomStream random(/*seed=*/7, "moments");
    Interrupt("killed", SIGKILL, [&](const fs::path&) {
      absl::SleepFor(absl::Milliseconds(300 + random.Below(2000)));
    });
  }

  const std::vector<std::string> overrides_;
  const fs::path folder_ = fs::path(::testing::TempDir()) / "resume_test";
  std::map<std::string, std::string> whole_;
};

TEST_F(ResumeTest, KilledAtAnyMoment) { KillAtAnyMoment(); }

class FusedResumeTest : public ResumeTest {
 protected:
  FusedResumeTest() : ResumeTest({"kernels=FUSED", "precision=BF16"}) {}
};

TEST_F(FusedResumeTest, KilledAtAnyMoment) { KillAtAnyMoment(); }

class ReferenceResumeTest : public ResumeTest {
 protected:
  ReferenceResumeTest() : ResumeTest({"kernels=REFERENCE"}) {}
};

TEST_F(ReferenceResumeTest, KilledAtAnyMoment) { KillAtAnyMoment(); }

// A checkpoint is being written as long as its folder's name begins with a dot.
TEST_F(ResumeTest, KilledWhileWritingACheckpoint) {
  Interrupt("torn", SIGKILL, [](const fs::path& run) {
    for (int i = 0; i < 20'000; ++i) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(run / "checkpoints", error)) {
        if (entry.path().filename().string().front() == '.') return;
      }
      absl::SleepFor(absl::Microseconds(100));
    }
  });
}

TEST_F(ResumeTest, InterruptedInOrder) {
  RandomStream random(/*seed=*/8, "moments");
  for (const int signal : {SIGINT, SIGTERM}) {
    Interrupt(absl::StrCat("signal", signal), signal, [&](const fs::path& run) {
      // Before the loop begins a signal simply ends the process.
      while (!fs::exists(run / "metrics.csv")) absl::SleepFor(absl::Milliseconds(1));
      absl::SleepFor(absl::Milliseconds(100 + random.Below(500)));
    });
  }
}

TEST_F(ResumeTest, DamagedCheckpointsArePassedOverByName) {
  ASSERT_EQ(RunToTheEnd("damaged"), whole_);
  const fs::path run = folder_ / "damaged";
  std::vector<fs::path> checkpoints;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
    checkpoints.push_back(entry.path());
  }
  std::sort(checkpoints.begin(), checkpoints.end());
  ASSERT_GE(checkpoints.size(), 2);
  fs::resize_file(checkpoints.back() / "optimizer.safetensors", 100);
  fs::remove(run / "run.json");  // the run is not finished, then
  const ChildResult result = RunChild(Command(run, overrides_));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("000000060/optimizer.safetensors"));
  EXPECT_EQ(RunContents(run, kIterations), whole_) << "the damaged checkpoint is replaced";
}

}  // namespace
}  // namespace vitrine
