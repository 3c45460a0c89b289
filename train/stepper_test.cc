#include "train/stepper.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones_like.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/small_config.h"

namespace vitrine {
namespace {

constexpr int64_t kIterations = 8;

TrainState MakeState(std::vector<std::string> overrides) {
  overrides.insert(overrides.begin(), "schedule.warmup_iterations=4");
  auto state = TrainState::Create(SmallConfig(overrides), at::kCPU);
  EXPECT_THAT(state, IsOk());
  return *std::move(state);
}

// Different in each iteration.
Batch MakeBatch(int64_t iteration, int64_t size = 8) {
  const at::Generator generator = at::detail::createCPUGenerator(iteration + 1);
  return {at::empty({size, 1, 8, 8}).normal_(0, 1, generator),
          (at::arange(size, at::kLong) + iteration).remainder(4),
          {}};
}

// All that a step changes, and what it says, as integers: NaN equals itself.
std::string Bits(const TrainState& state, const StepResult& result) {
  Checkpoint checkpoint;
  state.Save(&checkpoint);
  std::string bits = checkpoint.manifest.SerializeAsString();
  const auto add = [&](const at::Tensor& tensor) {
    if (!tensor.defined()) return;
    const at::Tensor whole = tensor.detach().contiguous();
    bits.append(static_cast<const char*>(whole.const_data_ptr()), whole.nbytes());
  };
  for (const auto* tensors :
       {&std::as_const(checkpoint.model), &std::as_const(*checkpoint.optimizer)}) {
    for (const auto& [name, tensor] : *tensors) add(tensor);
  }
  for (const auto* tensors : {&std::as_const(checkpoint.ema), &std::as_const(checkpoint.swa)}) {
    if (!tensors->has_value()) continue;
    for (const auto& [name, tensor] : **tensors) add(tensor);
  }
  for (const at::Tensor& tensor : {result.loss, result.gradient_norm, result.loss_scale}) {
    add(tensor);
  }
  return absl::StrCat(bits, result.learning_rate);
}

// Counts recordings and replays.
class CountingRecorder {
 public:
  Recorder Get() {
    return [this](std::function<void()> work) {
      ++recordings;
      return CallingRecorder()([this, work = std::move(work)] {
        ++replays;
        work();
      });
    };
  }

  int recordings = 0, replays = 0;
};

class StepperOptionsTest : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(StepperOptionsTest, ReplaysThePlainStepsBits) {
  TrainState plain = MakeState(GetParam()), recorded = MakeState(GetParam());
  CountingRecorder recorder;
  Stepper stepper(&recorded, recorder.Get());
  for (int64_t i = 0; i < kIterations; ++i) {
    Batch batch = MakeBatch(i);
    if (i == 5) batch.images.fill_(std::numeric_limits<float>::infinity());  // a step is skipped
    const StepResult expected = plain.Step(i, batch).value(),
                     result = stepper.Step(i, batch).value();
    ASSERT_EQ(Bits(recorded, result), Bits(plain, expected)) << i;
  }
  EXPECT_EQ(recorder.recordings, 1);
  EXPECT_EQ(recorder.replays, kIterations - 2);
}

INSTANTIATE_TEST_SUITE_P(
    All, StepperOptionsTest,
    ::testing::Values(
        std::vector<std::string>{}, std::vector<std::string>{"model.dropout=0.3"},
        std::vector<std::string>{"model.embedding_dropout=0.1", "model.projection_dropout=0.2",
                                 "model.mlp_dropout=0.3", "model.attention_dropout=0.4"},
        std::vector<std::string>{"kernels=FUSED", "model.dropout=0.3"},
        std::vector<std::string>{"kernels=FUSED", "precision=BF16", "model.dropout=0.3"},
        std::vector<std::string>{"precision=FP16", "model.dropout=0.3",
                                 "loss_scale.growth_interval=3"},
        std::vector<std::string>{"precision=FP16", "optimizer.clip_order=AS_REPORTED_SCALED"},
        std::vector<std::string>{"optimizer.clip_order=AS_REPORTED_SCALED"},
        std::vector<std::string>{"model.stochastic_depth=0.5", "model.layer_scale=0.1"},
        std::vector<std::string>{"micro_batch_size=3", "model.dropout=0.3"},
        std::vector<std::string>{"recompute_blocks=true", "model.dropout=0.3",
                                 "model.stochastic_depth=0.5"},
        std::vector<std::string>{"optimizer.kind=MUON", "optimizer.weight_decay=0.1"},
        std::vector<std::string>{"ema.horizon_fraction=0.05", "swa.every_iterations=2",
                                 "swa.start_iteration=2"}),
    [](const auto& info) {
      std::string name = absl::StrJoin(info.param, "_");
      for (char& c : name) {
        if (!absl::ascii_isalnum(c)) c = '_';
      }
      return name.empty() ? "plain" : name;
    });

// Mixed labels, as other batches have none.
TEST(StepperTest, ReplaysSoftLabels) {
  TrainState plain = MakeState({}), recorded = MakeState({});
  Stepper stepper(&recorded, CallingRecorder());
  for (int64_t i = 0; i < kIterations; ++i) {
    Batch batch = MakeBatch(i);
    batch.soft_labels =
        at::empty({8, 4}).uniform_(0, 1, at::detail::createCPUGenerator(i)).softmax(1);
    const StepResult expected = plain.Step(i, batch).value(),
                     result = stepper.Step(i, batch).value();
    ASSERT_EQ(Bits(recorded, result), Bits(plain, expected)) << i;
  }
}

TEST(StepperTest, ABatchOfAnotherSizeIsAPlainStep) {
  TrainState plain = MakeState({"model.dropout=0.3"}), recorded = MakeState({"model.dropout=0.3"});
  CountingRecorder recorder;
  Stepper stepper(&recorded, recorder.Get());
  for (int64_t i = 0; i < kIterations; ++i) {
    const Batch batch = MakeBatch(i, i % 4 == 3 ? 5 : 8);
    const StepResult expected = plain.Step(i, batch).value(),
                     result = stepper.Step(i, batch).value();
    ASSERT_EQ(Bits(recorded, result), Bits(plain, expected)) << i;
  }
  EXPECT_EQ(recorder.replays, 4);
}

// As in a run that is interrupted and resumed, twice.
TEST(StepperTest, GoesOnFromACheckpoint) {
  const std::vector<std::string> overrides = {"model.dropout=0.3", "precision=FP16"};
  TrainState plain = MakeState(overrides);
  StepResult expected;
  for (int64_t i = 0; i < 9; ++i) expected = plain.Step(i, MakeBatch(i)).value();
  Checkpoint checkpoint;
  StepResult result;
  TrainState last = MakeState(overrides);
  for (int64_t begin = 0; begin < 9; begin += 3) {
    TrainState state = MakeState(overrides);
    if (begin > 0) {
      ASSERT_OK(state.Load(checkpoint));
    }
    Stepper stepper(&state, CallingRecorder());
    for (int64_t i = begin; i < begin + 3; ++i) result = stepper.Step(i, MakeBatch(i)).value();
    checkpoint = {};
    checkpoint.manifest.set_iteration(begin + 3);
    state.Save(&checkpoint);
    ASSERT_OK(last.Load(checkpoint));
  }
  EXPECT_EQ(Bits(last, result), Bits(plain, expected));
}

// Of a recording that fails halfway the gradients are there.
TEST(StepperTest, GoesOnPlainlyWhereNothingCanBeRecorded) {
  TrainState plain = MakeState({}), state = MakeState({});
  int attempts = 0;
  Stepper stepper(&state, [&](std::function<void()>) {
    ++attempts;
    for (const NamedParameter& parameter : state.model().Parameters()) {
      parameter.tensor.mutable_grad() = at::ones_like(parameter.tensor);
    }
    return absl::UnimplementedError("no such thing here");
  });
  for (int64_t i = 0; i < kIterations; ++i) {
    const StepResult expected = plain.Step(i, MakeBatch(i)).value(),
                     result = stepper.Step(i, MakeBatch(i)).value();
    ASSERT_EQ(Bits(state, result), Bits(plain, expected)) << i;
  }
  EXPECT_EQ(attempts, 1);
}

}  // namespace
}  // namespace vitrine
