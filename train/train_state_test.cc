#include "train/train_state.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/log_softmax.h"
#include "base/device.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/config.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ExperimentConfig Config(const std::vector<std::string>& overrides = {}) {
  ExperimentConfig config;
  for (const char* assignment :
       {"model.image_size=8", "model.width=16", "model.depth=2", "model.heads=2",
        "model.num_classes=4", "schedule.iterations=100", "schedule.max_learning_rate=1e-2",
        "optimizer.clip_norm=1", "kernels=REFERENCE"}) {
    EXPECT_OK(ApplyOverride(assignment, &config));
  }
  for (const std::string& assignment : overrides) EXPECT_OK(ApplyOverride(assignment, &config));
  FillDefaults(&config);
  return config;
}

TrainState Make(const std::vector<std::string>& overrides = {}, at::Device device = at::kCPU) {
  auto state = TrainState::Create(Config(overrides), device);
  EXPECT_THAT(state, IsOk());
  return *std::move(state);
}

Batch MakeBatch(int64_t size, uint64_t seed = 1) {
  return {at::empty({size, 1, 8, 8}).normal_(0, 1, at::detail::createCPUGenerator(seed)),
          at::arange(size, at::kLong).remainder(4),
          {}};
}

// The largest difference between the weights of two states.
double Difference(const TrainState& a, const TrainState& b) {
  double largest = 0;
  const TensorMap b_tensors = b.model().Tensors();
  for (const auto& [name, tensor] : a.model().Tensors()) {
    const double difference = (tensor - b_tensors.at(name)).abs().max().item<double>();
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

double LossOf(const StepResult& result) { return result.loss.item<double>(); }

// The same dropout and the same sums, rounded in another order.
TEST(TrainStateTest, FusedKernelsTrainAsTheReferenceDoes) {
  const std::vector<std::string> overrides = {"model.dropout=0.1",
                                              "schedule.max_learning_rate=1e-3"};
  TrainState reference = Make(overrides);
  std::vector<std::string> with_fused = overrides;
  with_fused.push_back("kernels=FUSED");
  TrainState fused = Make(with_fused);
  for (int i = 0; i < 10; ++i) {
    const Batch batch = MakeBatch(8, i);
    EXPECT_NEAR(LossOf(fused.Step(i, batch)), LossOf(reference.Step(i, batch)), 1e-5) << i;
  }
  EXPECT_GT(Difference(fused, reference), 0) << "the kernels are the same";
}

// Fused kernels draw the same dropout on a GPU as operators do on the CPU.
TEST(TrainStateTest, FusedKernelsTrainOnAGpuAsTheReferenceDoesOnTheCpu) {
  const auto gpu = FindDevice("cuda", "");
  if (!gpu.ok()) GTEST_SKIP() << gpu.status().message();
  if (!fused::cuda::HasKernels()) GTEST_SKIP() << "built without --config=cuda_kernels";
  const std::vector<std::string> overrides = {"model.dropout=0.1",
                                              "schedule.max_learning_rate=1e-3"};
  for (const auto& [precision, tolerance] :
       {std::pair("precision=FP32", 1e-4), {"precision=BF16", 0.02}, {"precision=FP16", 0.02}}) {
    std::vector<std::string> with_fused = overrides;
    with_fused.insert(with_fused.end(), {"kernels=FUSED", precision});
    TrainState reference = Make(overrides), fused = Make(with_fused, *gpu);
    for (int i = 0; i < 10; ++i) {
      const Batch batch = MakeBatch(8, i);
      const double expected = LossOf(reference.Step(i, batch));
      const Batch on_gpu = {batch.images.to(*gpu), batch.labels.to(*gpu), {}};
      EXPECT_NEAR(LossOf(fused.Step(i, on_gpu)), expected, tolerance * expected)
          << precision << " " << i;
    }
  }
}

TEST(TrainStateTest, LearnsABatch) {
  const std::vector<std::vector<std::string>> kinds = {{"precision=FP32"},
                                                       {"precision=BF16"},
                                                       {"precision=FP16"},
                                                       {"precision=FP32", "kernels=FUSED"},
                                                       {"precision=BF16", "kernels=FUSED"}};
  for (const std::vector<std::string>& overrides : kinds) {
    TrainState state = Make(overrides);
    const Batch batch = MakeBatch(8);
    const double first = LossOf(state.Step(0, batch));
    for (int i = 1; i < 30; ++i) state.Step(i, batch);
    EXPECT_LT(LossOf(state.Step(30, batch)), 0.1 * first) << overrides.back();
    EXPECT_OK(state.CheckFinite());
  }
}

// Computing in 16 bits is another rounding, not another function.
TEST(TrainStateTest, PrecisionsAgreeAboutTheFirstLoss) {
  const double expected = LossOf(Make().Step(0, MakeBatch(8)));
  for (const char* precision : {"precision=BF16", "precision=FP16"}) {
    const StepResult result = Make({precision}).Step(0, MakeBatch(8));
    EXPECT_NE(LossOf(result), expected) << precision;
    EXPECT_NEAR(LossOf(result), expected, 0.02 * expected) << precision;
    EXPECT_EQ(result.loss.scalar_type(), at::kFloat) << precision;
  }
}

TEST(TrainStateTest, PartsOfABatchMakeTheSameUpdate) {
  TrainState whole = Make(), parts = Make({"micro_batch_size=3"});
  const Batch batch = MakeBatch(8);
  const StepResult a = whole.Step(0, batch), b = parts.Step(0, batch);
  EXPECT_NEAR(LossOf(a), LossOf(b), 1e-6);
  EXPECT_NEAR(a.gradient_norm.item<double>(), b.gradient_norm.item<double>(), 1e-5);
  // After one step the first moments are a tenth of the gradients.
  Checkpoint of_whole, of_parts;
  whole.Save(&of_whole);
  parts.Save(&of_parts);
  for (const auto& [name, moment] : *of_whole.optimizer) {
    EXPECT_LT((moment - of_parts.optimizer->at(name)).abs().max().item<double>(), 1e-6) << name;
  }
}

TEST(TrainStateTest, LabelSmoothingMixesInAllClasses) {
  TrainState plain = Make(), smooth = Make({"loss.label_smoothing=0.1"});
  const Batch batch = MakeBatch(4);
  const at::Tensor log_probabilities = at::log_softmax(plain.model().Forward(batch.images, {}), 1);
  const double of_label = LossOf(plain.Step(0, batch));
  const double of_all = -log_probabilities.mean().item<double>();
  EXPECT_NEAR(LossOf(smooth.Step(0, batch)), 0.9 * of_label + 0.1 * of_all, 1e-5);
}

TEST(TrainStateTest, DropoutFollowsFromTheIteration) {
  const auto loss = [](int64_t iteration) {
    return LossOf(Make({"model.dropout=0.5"}).Step(iteration, MakeBatch(8)));
  };
  EXPECT_EQ(loss(0), loss(0));
  EXPECT_NE(loss(0), loss(1));
}

// Gradients clipped while multiplied by 65,536, then divided, have norm clip_norm / 65,536.
TEST(TrainStateTest, ReportedClippingIsClippingByTheScaledNorm) {
  TrainState reported = Make({"optimizer.clip_order=AS_REPORTED_SCALED"});
  TrainState equal = Make({"optimizer.clip_norm=1.52587890625e-05"});
  TrainState usual = Make();
  for (int i = 0; i < 3; ++i) {
    for (TrainState* state : {&reported, &equal, &usual}) state->Step(i, MakeBatch(8, i));
  }
  EXPECT_LT(Difference(reported, equal), 1e-3);
  EXPECT_GT(Difference(reported, usual), 1e-2);
}

// The largest scale allowed overflows FP16, again and again; no such step may change anything.
TEST(TrainStateTest, OverflowHalvesTheScaleAndLeavesTheWeights) {
  TrainState state = Make({"precision=FP16", "loss_scale.initial=16777216"});
  const TrainState initial = Make();
  const StepResult first = state.Step(0, MakeBatch(8));
  EXPECT_FALSE(std::isfinite(first.gradient_norm.item<double>()));
  EXPECT_EQ(first.loss_scale.item<float>(), 16777216);
  EXPECT_EQ(Difference(state, initial), 0);
  EXPECT_EQ(state.optimizer().step_count(), 0);
  int overflows = 1;
  while (state.optimizer().step_count() == 0 && overflows < 30) {
    state.Step(overflows++, MakeBatch(8));
  }
  EXPECT_EQ(state.optimizer().step_count(), 1) << "the scale came down to where it fits";
  EXPECT_GT(Difference(state, initial), 0);
  EXPECT_OK(state.CheckFinite()) << "overflows are the scaler's business";
}

// The head's input is 0, so the loss is finite; its gradient is not in half precision, whatever the
// scale.
TEST(TrainStateTest, OverflowThatNoScaleMendsStopsWithItsName) {
  TrainState state = Make({"precision=FP16", "loss_scale.initial=4"});
  const at::NoGradGuard no_grad;
  TensorMap tensors = state.model().Tensors();
  tensors.at("final_norm.weight").zero_();
  tensors.at("final_norm.bias").zero_();
  tensors.at("head.weight").fill_(6e4);
  tensors.at("head.weight")[0].fill_(-6e4);
  Batch batch = MakeBatch(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(state.CheckFinite()) << i;
    const at::AutoGradMode with_gradients(true);
    EXPECT_TRUE(std::isfinite(LossOf(state.Step(i, batch)))) << i;
  }
  EXPECT_EQ(state.optimizer().step_count(), 0);
  EXPECT_THAT(state.CheckFinite(),
              Fails(absl::StatusCode::kInternal,
                    AllOf(HasSubstr("iteration 2: the gradient of"), HasSubstr("has norm"))));
}

TEST(TrainStateTest, BadNumberStopsWithItsNameAndLeavesTheWeights) {
  TrainState state = Make();
  const TrainState initial = Make();
  Batch batch = MakeBatch(8);
  batch.images[3][0][2][2] = std::numeric_limits<float>::infinity();
  state.Step(5, batch);
  EXPECT_EQ(Difference(state, initial), 0);
  EXPECT_THAT(state.CheckFinite(),
              Fails(absl::StatusCode::kInternal, AllOf(HasSubstr("iteration 5: the loss is nan"),
                                                       HasSubstr("last checkpoint"))));
}

TEST(TrainStateTest, BadNumberIsSkippedWhereTheConfigSaysSo) {
  TrainState state = Make({"on_non_finite=SKIP"});
  TrainState clean = Make();
  Batch bad = MakeBatch(8);
  bad.images.fill_(std::numeric_limits<float>::quiet_NaN());
  state.Step(0, bad);
  EXPECT_OK(state.CheckFinite());
  state.Step(1, MakeBatch(8));
  clean.Step(1, MakeBatch(8));
  EXPECT_EQ(Difference(state, clean), 0) << "as if the bad batch had not been there";
}

void ExpectSame(const std::optional<TensorMap>& actual, const std::optional<TensorMap>& expected) {
  ASSERT_EQ(actual.has_value(), expected.has_value());
  if (!expected) return;
  ASSERT_EQ(actual->size(), expected->size());
  for (const auto& [name, tensor] : *expected) EXPECT_TRUE(actual->at(name).equal(tensor)) << name;
}

class ResumeTest : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(ResumeTest, GoesOnToTheSameBits) {
  TrainState whole = Make(GetParam()), first = Make(GetParam()), second = Make(GetParam());
  for (int i = 0; i < 6; ++i) {
    whole.Step(i, MakeBatch(8, i));
    if (i < 3) first.Step(i, MakeBatch(8, i));
  }
  Checkpoint checkpoint;
  checkpoint.manifest.set_iteration(3);
  first.Save(&checkpoint);
  ASSERT_OK(second.Load(checkpoint));
  for (int i = 3; i < 6; ++i) second.Step(i, MakeBatch(8, i));

  Checkpoint expected, resumed;
  whole.Save(&expected);
  second.Save(&resumed);
  EXPECT_EQ(resumed.manifest.SerializeAsString(), expected.manifest.SerializeAsString());
  EXPECT_EQ(Difference(whole, second), 0);
  ExpectSame(resumed.optimizer, expected.optimizer);
  ExpectSame(resumed.ema, expected.ema);
  ExpectSame(resumed.swa, expected.swa);
}

INSTANTIATE_TEST_SUITE_P(
    Configs, ResumeTest,
    ::testing::Values(std::vector<std::string>{"model.dropout=0.1"},
                      std::vector<std::string>{"model.dropout=0.1", "kernels=FUSED"},
                      std::vector<std::string>{"model.dropout=0.1", "kernels=FUSED",
                                               "precision=BF16"},
                      std::vector<std::string>{"ema.horizon_fraction=0.02"},
                      std::vector<std::string>{"swa.every_iterations=1", "swa.start_iteration=0"},
                      std::vector<std::string>{"precision=FP16", "loss_scale.growth_interval=2",
                                               "loss_scale.initial=16777216"},
                      std::vector<std::string>{"precision=BF16", "micro_batch_size=3"}));

TEST(TrainStateTest, CheckpointOfAnotherKindIsRefused) {
  Checkpoint checkpoint;
  Make().Save(&checkpoint);
  EXPECT_THAT(Make({"precision=FP16"}).Load(checkpoint),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("precision")));
  EXPECT_THAT(Make({"ema.horizon_fraction=0.1"}).Load(checkpoint),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("ema.horizon_fraction")));
  checkpoint.optimizer.reset();
  EXPECT_THAT(Make().Load(checkpoint),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("no optimizer state")));
}

TEST(TrainStateTest, AverageModelHasTheAveragedWeights) {
  TrainState state = Make({"ema.horizon_fraction=1"});
  state.Step(0, MakeBatch(8));
  ASSERT_OK_AND_ASSIGN(const auto averages, state.AveragedModels());
  ASSERT_EQ(averages.size(), 1);
  const Batch batch = MakeBatch(2);
  EXPECT_TRUE(
      averages[0].model.Forward(batch.images, {}).equal(state.model().Forward(batch.images, {})))
      << "after one update the average is the weights";
  ASSERT_OK_AND_ASSIGN(const auto none, Make().AveragedModels());
  EXPECT_TRUE(none.empty());
}

TEST(TrainStateTest, SwaIsTheMeanOfItsIterations) {
  TrainState state = Make({"swa.every_iterations=2", "swa.start_iteration=3"});
  TensorMean expected;
  for (int64_t i = 0; i < 7; ++i) {
    state.Step(i, MakeBatch(8, i));
    if (i + 1 == 4 || i + 1 == 6) {
      ASSERT_OK(expected.Add(state.model().Tensors()));
    }
    ASSERT_OK_AND_ASSIGN(const auto averages, state.AveragedModels());
    EXPECT_EQ(averages.size(), i + 1 < 4 ? 0 : 1);
  }
  ASSERT_OK_AND_ASSIGN(const auto averages, state.AveragedModels());
  const TensorMap mean = expected.Mean();
  for (const auto& [name, tensor] : averages[0].model.Tensors()) {
    EXPECT_TRUE(tensor.equal(mean.at(name))) << name;
  }
}

}  // namespace
}  // namespace vitrine
