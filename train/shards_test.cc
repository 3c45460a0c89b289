// Training steps of several processes, here threads, against those of one.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "base/cuda_graph/recorder.h"
#include "base/parallel/thread_group.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "train/small_config.h"
#include "train/stepper.h"
#include "train/train_state.h"

namespace vitrine {
namespace {

constexpr int64_t kBatch = 24;

// A process's share of an iteration's batch, in memory of its own.
Batch MakeBatch(int64_t iteration, const ProcessGroup& group) {
  const at::Generator generator = at::detail::createCPUGenerator(iteration + 1);
  const Batch whole = {.images = at::empty({kBatch, 1, 8, 8}).normal_(0, 1, generator),
                       .labels = (at::arange(kBatch, at::kLong) + iteration).remainder(4)};
  const int64_t size = kBatch / group.size();
  const Batch own = Slice(whole, group.rank() * size, (group.rank() + 1) * size);
  return {.images = own.images.clone(), .labels = own.labels.clone()};
}

void Append(const at::Tensor& tensor, std::string* bits) {
  const at::Tensor whole = tensor.detach().contiguous();
  bits->append(static_cast<const char*>(whole.const_data_ptr()), whole.nbytes());
}

// All that steps change, and what the last one says.
struct Outcome {
  Checkpoint checkpoint;
  std::string bits;
};

Checkpoint Copy(const Checkpoint& checkpoint) {
  Checkpoint copy = checkpoint;
  for (auto& [name, tensor] : copy.model) tensor = tensor.detach().clone();
  for (auto& [name, tensor] : *copy.optimizer) tensor = tensor.clone();
  return copy;
}

// After steps [begin, end), as rank 0 has them; the other ranks have the same.
Outcome Train(const std::vector<std::string>& overrides, int processes, int64_t begin, int64_t end,
              const Checkpoint* from = nullptr, const Recorder& recorder = nullptr) {
  std::vector<Outcome> outcomes(processes);
  RunOnThreads(processes, [&](ProcessGroup& group) {
    auto state = TrainState::Create(SmallConfig(overrides), at::kCPU, &group);
    ASSERT_OK(state);
    if (from != nullptr) {
      ASSERT_OK(state->Load(*from));
    }
    Stepper stepper(&*state, recorder);
    Outcome& outcome = outcomes[group.rank()];
    for (int64_t i = begin; i < end; ++i) {
      const auto result = stepper.Step(i, MakeBatch(i, group));
      ASSERT_OK(result);
      Append(result->loss, &outcome.bits);
      Append(result->gradient_norm, &outcome.bits);
    }
    Checkpoint checkpoint;
    state->Save(&checkpoint);
    checkpoint.manifest.set_iteration(end);
    outcome.checkpoint = Copy(checkpoint);
    for (const auto& [name, tensor] : checkpoint.model) Append(tensor, &outcome.bits);
    for (const auto& [name, tensor] : *checkpoint.optimizer) Append(tensor, &outcome.bits);
    outcome.bits += checkpoint.manifest.SerializeAsString();
  });
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.bits, outcomes[0].bits);
  return outcomes[0];
}

class ShardsTest : public ::testing::TestWithParam<std::vector<std::string>> {
 protected:
  static std::vector<std::string> With(const std::string& shards) {
    std::vector<std::string> overrides = GetParam();
    overrides.push_back(shards);
    return overrides;
  }
};

TEST_P(ShardsTest, ManyProcessesHaveTheBitsOfOne) {
  const Outcome one = Train(With("shards=4"), 1, 0, 5);
  for (const int processes : {2, 4}) {
    EXPECT_EQ(Train(With("shards=4"), processes, 0, 5).bits, one.bits) << processes;
  }
}

TEST_P(ShardsTest, NorNeedTheyBeAPowerOfTwo) {
  const Outcome one = Train(With("shards=6"), 1, 0, 3);
  for (const int processes : {3, 6}) {
    EXPECT_EQ(Train(With("shards=6"), processes, 0, 3).bits, one.bits) << processes;
  }
}

TEST_P(ShardsTest, ResumesOnAnotherNumberOfProcesses) {
  const Checkpoint by_one = Train(With("shards=4"), 1, 0, 4).checkpoint;
  const Checkpoint two = Train(With("shards=4"), 4, 0, 2).checkpoint;
  const Checkpoint four = Train(With("shards=4"), 2, 2, 4, &two).checkpoint;
  EXPECT_EQ(Train(With("shards=4"), 1, 4, 6, &four).bits,
            Train(With("shards=4"), 4, 4, 6, &by_one).bits);
}

// Cut in two around what the processes exchange.
TEST_P(ShardsTest, RecordedStepsHaveTheSameBits) {
  const Outcome one = Train(With("shards=4"), 1, 0, 6);
  for (const int processes : {1, 2}) {
    EXPECT_EQ(Train(With("shards=4"), processes, 0, 6, nullptr, CallingRecorder()).bits, one.bits);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ShardsTest,
    ::testing::Values(std::vector<std::string>{},
                      std::vector<std::string>{"model.dropout=0.3", "micro_batch_size=4"},
                      std::vector<std::string>{"kernels=FUSED", "model.dropout=0.3"},
                      std::vector<std::string>{"kernels=FUSED", "precision=BF16",
                                               "model.stochastic_depth=0.5"},
                      std::vector<std::string>{"precision=FP16", "loss_scale.growth_interval=2"},
                      std::vector<std::string>{"optimizer.kind=MUON", "recompute_blocks=true"}),
    [](const auto& info) {
      std::string name = absl::StrJoin(info.param, "_");
      for (char& c : name) {
        if (!absl::ascii_isalnum(c)) c = '_';
      }
      return name.empty() ? "plain" : name;
    });

// Another order of additions, not another function.
TEST(WholeBatchTest, IsItsShardsUpToRounding) {
  const Checkpoint whole = Train({}, 1, 0, 1).checkpoint;
  const Checkpoint shards = Train({"shards=3"}, 1, 0, 1).checkpoint;
  double largest = 0;
  for (const auto& [name, moment] : *whole.optimizer) {
    const at::Tensor difference = moment - shards.optimizer->at(name);
    largest = std::max(largest, difference.abs().max().item<double>());
  }
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest, 1e-6);
}

}  // namespace
}  // namespace vitrine
