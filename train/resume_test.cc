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
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
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
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kIterations = 60;

int Kills() {
  int kills = 0;
  const char* text = std::getenv("KILLS");
  return text != nullptr && absl::SimpleAtoi(text, &kills) ? kills : 3;
}

// Every source of state is in use: dropout, an average, FP16's scale (which grows and shrinks
// within the run), a best checkpoint; and epochs end within it.
std::vector<std::string> Arguments(const fs::path& run) {
  return {"--noreport",
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
}

// N where the text says "<words>N ", 0 where it does not.
int NumberAfter(std::string_view words, std::string_view text) {
  const size_t found = text.find(words);
  if (found == text.npos) return 0;
  const std::string_view rest = text.substr(found + words.size());
  int number = 0;
  return absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &number) ? number : 0;
}

// Whether the loop has logged an iteration: from before its first one on, signals are noted.
bool IsTraining(const ChildProcess& child) {
  return absl::StrContains(child.Out(), absl::StrCat("/", kIterations, "  "));
}

bool HasLastCheckpoint(const fs::path& run) { return NewestCheckpoint(run) == kIterations; }

// The checkpoints that are being written, and those that were when their process died: their names
// begin with a dot.
std::set<std::string> UnfinishedCheckpoints(const fs::path& run) {
  std::set<std::string> names;
  std::error_code error;  // the folder comes some time after the process
  for (const auto& entry : fs::directory_iterator(run / "checkpoints", error)) {
    const std::string name = entry.path().filename();
    if (name.front() == '.') names.insert(name);
  }
  return names;
}

// Sends the signal and waits for the end. Whether the signal was the cause; the process may have
// come to its own end before.
bool EndBy(int signal, ChildProcess* child) {
  child->Signal(signal);
  const int status = child->Wait();
  EXPECT_THAT(status, AnyOf(0, 128 + signal)) << child->Err();
  return status == 128 + signal;
}

class ResumeTest : public ::testing::Test {
 protected:
  // Ends a process of the run that has just been started. Whether that came at the moment meant.
  using Interruption = std::function<bool(const fs::path& run, ChildProcess* child)>;

  // `program` comes before the flags: //train, or what starts it.
  explicit ResumeTest(std::vector<std::string> overrides = {},
                      std::vector<std::string> program = {"train/train"})
      : overrides_(std::move(overrides)), program_(std::move(program)) {}

  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const absl::Time start = absl::Now();
    whole_ = RunToTheEnd("whole");
    whole_time_ = absl::Now() - start;
    ASSERT_EQ(whole_.size(), 5 + 2) << "five files of a checkpoint and two logs";
  }

  std::vector<std::string> Command(const fs::path& run) const {
    std::vector<std::string> command = program_;
    const std::vector<std::string> arguments = Arguments(run);
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.insert(command.end(), overrides_.begin(), overrides_.end());
    return command;
  }

  std::map<std::string, std::string> RunToTheEnd(const std::string& name) {
    const ChildResult result = RunChild(Command(folder_ / name));
    EXPECT_EQ(result.status, 0) << result.err;
    return RunContents(folder_ / name, kIterations);
  }

  // Interrupts the run again and again, then lets it end. A busy machine may miss the moment, but
  // not always, which chance does once in 500 times if nine of ten tries miss; and a process must
  // have gone on from a checkpoint.
  void Interrupt(const std::string& name, const Interruption& interruption) {
    const fs::path run = folder_ / name;
    int tries = 0, hits = 0, resumed = 0;
    for (; (hits < Kills() || resumed == 0) && tries < 20 * Kills(); ++tries) {
      if (HasLastCheckpoint(run)) {
        EXPECT_EQ(RunToTheEnd(name), whole_);
        fs::remove_all(run);
      }
      ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(Command(run)));
      hits += interruption(run, &child);
      resumed += NumberAfter("resumed after ", child.Out()) > 0;
      if (HasFailure()) return;
    }
    EXPECT_GT(hits, 0) << "the moment never came";
    EXPECT_GT(resumed, 0) << "no process went on from a checkpoint";
    EXPECT_EQ(RunToTheEnd(name), whole_);
    std::cout << name << ": " << hits << " hits in " << tries << " tries, " << resumed
              << " times resumed, the same bytes in " << whole_.size() << " files" << std::endl;
  }

  void KillAtAnyMoment() {
    RandomStream random(/*seed=*/7, "moments");
    bool from_the_start = false;
    Interrupt("killed", [&](const fs::path&, ChildProcess* child) {
      // The start, too, is a moment; but where it takes long, no kill would come after it.
      from_the_start = !from_the_start;
      if (!from_the_start) WaitWhileChildRuns([&] { return IsTraining(*child); });
      absl::SleepFor(random.Uniform() * whole_time_);
      return EndBy(SIGKILL, child);
    });
  }

  // A run whose processes are interrupted by signals of each kind that lets them end in order.
  void InterruptInOrder() {
    RandomStream random(/*seed=*/8, "moments");
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      Interrupt(absl::StrCat("signal", signal), [&](const fs::path& run, ChildProcess* child) {
        const bool came = WaitWhileChildRuns([&] { return IsTraining(*child); });
        absl::SleepFor(absl::Milliseconds(random.Below(300)));
        // Before the loop and after it a signal simply ends the process, with the same status.
        if (!EndBy(signal, child) || !came || HasLastCheckpoint(run)) return false;
        const int done = NumberAfter("interrupted after ", child->Err());
        EXPECT_GT(done, 0) << "not in order: " << child->Err();
        EXPECT_EQ(NewestCheckpoint(run), done);
        return true;
      });
    }
  }

  const std::vector<std::string> overrides_, program_;
  const fs::path folder_ = fs::path(::testing::TempDir()) / "resume_test";
  std::map<std::string, std::string> whole_;
  absl::Duration whole_time_;
};

// FP16, whose kernels are the reference ones on a CPU.
TEST_F(ResumeTest, KilledAtAnyMoment) { KillAtAnyMoment(); }

// What a run is without a word about either.
class FusedResumeTest : public ResumeTest {
 protected:
  FusedResumeTest() : ResumeTest({"kernels=FUSED", "precision=FP32"}) {}
};

TEST_F(FusedResumeTest, KilledAtAnyMoment) { KillAtAnyMoment(); }

class FusedBf16ResumeTest : public ResumeTest {
 protected:
  FusedBf16ResumeTest() : ResumeTest({"kernels=FUSED", "precision=BF16"}) {}
};

TEST_F(FusedBf16ResumeTest, KilledAtAnyMoment) { KillAtAnyMoment(); }

TEST_F(ResumeTest, KilledWhileWritingACheckpoint) {
  Interrupt("torn", [](const fs::path& run, ChildProcess* child) {
    // What the last kill left lies there until it is written anew, so it takes another one.
    const std::set<std::string> left = UnfinishedCheckpoints(run);
    const auto is_another_unfinished = [&] {
      const std::set<std::string> now = UnfinishedCheckpoints(run);
      return !std::includes(left.begin(), left.end(), now.begin(), now.end());
    };
    const bool came = WaitWhileChildRuns(is_another_unfinished);
    // The kill may be late: only what stays unfinished shows that it was not.
    return EndBy(SIGKILL, child) && came && is_another_unfinished();
  });
}

TEST_F(ResumeTest, InterruptedInOrder) { InterruptInOrder(); }

// Products so large that oneDNN computes them by code that uses the stack pointer as an ordinary
// register: a signal's handler on that stack would write anywhere.
std::vector<std::string> Wide(int threads) {
  return {"kernels=FUSED",   "precision=FP32", "model.heads=6",
          "model.width=384", "model.depth=1",  absl::StrCat("threads=", threads)};
}

class WideResumeTest : public ResumeTest {
 protected:
  WideResumeTest() : ResumeTest(Wide(1)) {}
};

TEST_F(WideResumeTest, InterruptedInOrder) { InterruptInOrder(); }

// Threads that wait do not spin: other tests run beside this one.
class WideThreadsResumeTest : public ResumeTest {
 protected:
  explicit WideThreadsResumeTest(const std::string& instructions = "ALL")
      : ResumeTest(Wide(2), {"env", "OMP_WAIT_POLICY=passive",
                             absl::StrCat("ONEDNN_MAX_CPU_ISA=", instructions), "train/train"}) {}
};

TEST_F(WideThreadsResumeTest, InterruptedInOrder) { InterruptInOrder(); }

class WideAvx2ResumeTest : public WideThreadsResumeTest {
 protected:
  WideAvx2ResumeTest() : WideThreadsResumeTest("AVX2") {}
};

TEST_F(WideAvx2ResumeTest, InterruptedInOrder) { InterruptInOrder(); }

TEST_F(ResumeTest, DamagedCheckpointsArePassedOverByName) {
  ASSERT_EQ(RunToTheEnd("damaged"), whole_);
  const fs::path run = folder_ / "damaged";
  std::vector<fs::path> checkpoints;
  for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
    if (entry.is_directory()) checkpoints.push_back(entry.path());
  }
  std::sort(checkpoints.begin(), checkpoints.end());
  ASSERT_GE(checkpoints.size(), 2);
  fs::resize_file(checkpoints.back() / "optimizer.safetensors", 100);
  fs::remove(run / "run.json");  // the run is not finished, then
  const ChildResult result = RunChild(Command(run));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("000000060/optimizer.safetensors"));
  EXPECT_EQ(RunContents(run, kIterations), whole_) << "the damaged checkpoint is replaced";
}

}  // namespace
}  // namespace vitrine
