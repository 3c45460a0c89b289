#include "train/train_state.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
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
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "base/tensors/device.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/small_config.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TrainState Make(const std::vector<std::string>& overrides = {}, at::Device device = at::kCPU) {
  auto state = TrainState::Create(SmallConfig(overrides), device);
  EXPECT_THAT(state, IsOk());
  return *std::move(state);
}

Batch MakeBatch(int64_t size, uint64_t seed = 1, at::Device device = at::kCPU) {
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  return {at::empty({size, 1, 8, 8}).normal_(0, 1, generator).to(device),
          at::arange(size, at::kLong).remainder(4).to(device),
          {}};
}

// The largest difference between the weights of two states, on whatever devices.
double Difference(const TrainState& a, const TrainState& b) {
  double largest = 0;
  const TensorMap b_tensors = b.model().Tensors();
  for (const auto& [name, tensor] : a.model().Tensors()) {
    const at::Tensor other = b_tensors.at(name).to(tensor.device());
    const double difference = (tensor - other).abs().max().item<double>();
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

// What is read of the state after so many iterations once it was written: tensors on the CPU.
Checkpoint ThroughAFile(const TrainState& state, int64_t iteration) {
  Checkpoint checkpoint;
  checkpoint.manifest.set_iteration(iteration);
  state.Save(&checkpoint);
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "train_state_test";
  EXPECT_OK(WriteCheckpoint(folder, checkpoint));
  auto read = ReadCheckpoint(folder / CheckpointName(iteration));
  EXPECT_THAT(read, IsOk());
  return *std::move(read);
}

bool IsFused(const std::vector<std::string>& overrides) {
  return std::count(overrides.begin(), overrides.end(), "kernels=FUSED") > 0;
}

bool HasFusedKernels(at::Device device) { return device.is_cpu() || fused::cuda::HasKernels(); }

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
    EXPECT_NEAR(LossOf(fused.Step(i, batch).value()), LossOf(reference.Step(i, batch).value()),
                1e-5)
        << i;
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
      const double expected = LossOf(reference.Step(i, MakeBatch(8, i)).value());
      EXPECT_NEAR(LossOf(fused.Step(i, MakeBatch(8, i, *gpu)).value()), expected,
                  tolerance * expected)
          << precision << " " << i;
    }
  }
}

class TrainStateTest : public EachDevice {
 protected:
  TrainState MakeHere(const std::vector<std::string>& overrides = {}) const {
    return Make(overrides, device_);
  }

  Batch BatchHere(int64_t size, uint64_t seed = 1) const { return MakeBatch(size, seed, device_); }
};

INSTANTIATE_ON_EACH_DEVICE(TrainStateTest);

TEST_P(TrainStateTest, LearnsABatch) {
  const std::vector<std::vector<std::string>> kinds = {{"precision=FP32"},
                                                       {"precision=BF16"},
                                                       {"precision=FP16"},
                                                       {"precision=FP32", "kernels=FUSED"},
                                                       {"precision=BF16", "kernels=FUSED"}};
  for (const std::vector<std::string>& overrides : kinds) {
    if (IsFused(overrides) && !HasFusedKernels(device_)) continue;
    TrainState state = MakeHere(overrides);
    const Batch batch = BatchHere(8);
    const double first = LossOf(state.Step(0, batch).value());
    for (int i = 1; i < 30; ++i) state.Step(i, batch).value();
    EXPECT_LT(LossOf(state.Step(30, batch).value()), 0.1 * first) << overrides.back();
    EXPECT_OK(state.CheckFinite());
  }
}

// Computing in 16 bits is another rounding, not another function.
TEST_P(TrainStateTest, PrecisionsAgreeAboutTheFirstLoss) {
  const double expected = LossOf(MakeHere().Step(0, BatchHere(8)).value());
  for (const char* precision : {"precision=BF16", "precision=FP16"}) {
    const StepResult result = MakeHere({precision}).Step(0, BatchHere(8)).value();
    EXPECT_NE(LossOf(result), expected) << precision;
    EXPECT_NEAR(LossOf(result), expected, 0.02 * expected) << precision;
    EXPECT_EQ(result.loss.scalar_type(), at::kFloat) << precision;
  }
}

TEST_P(TrainStateTest, PartsOfABatchMakeTheSameUpdate) {
  TrainState whole = MakeHere(), parts = MakeHere({"micro_batch_size=3"});
  const Batch batch = BatchHere(8);
  const StepResult a = whole.Step(0, batch).value(), b = parts.Step(0, batch).value();
  EXPECT_NEAR(LossOf(a), LossOf(b), 1e-5);
  EXPECT_NEAR(a.gradient_norm.item<double>(), b.gradient_norm.item<double>(), 1e-5);
  // After one step the first moments are a tenth of the gradients.
  Checkpoint of_whole, of_parts;
  whole.Save(&of_whole);
  parts.Save(&of_parts);
  for (const auto& [name, moment] : *of_whole.optimizer) {
    EXPECT_LT((moment - of_parts.optimizer->at(name)).abs().max().item<double>(), 1e-6) << name;
  }
}

TEST_P(TrainStateTest, LabelSmoothingMixesInAllClasses) {
  TrainState plain = MakeHere(), smooth = MakeHere({"loss.label_smoothing=0.1"});
  const Batch batch = BatchHere(4);
  const at::Tensor log_probabilities = at::log_softmax(plain.model().Forward(batch.images, {}), 1);
  const double of_label = LossOf(plain.Step(0, batch).value());
  const double of_all = -log_probabilities.mean().item<double>();
  EXPECT_NEAR(LossOf(smooth.Step(0, batch).value()), 0.9 * of_label + 0.1 * of_all, 1e-5);
}

TEST_P(TrainStateTest, DropoutFollowsFromTheIteration) {
  const auto loss = [this](int64_t iteration) {
    return LossOf(MakeHere({"model.dropout=0.5"}).Step(iteration, BatchHere(8)).value());
  };
  EXPECT_EQ(loss(0), loss(0));
  EXPECT_NE(loss(0), loss(1));
}

// Gradients clipped while multiplied by 65,536, then divided, have norm clip_norm / 65,536.
TEST_P(TrainStateTest, ReportedClippingIsClippingByTheScaledNorm) {
  TrainState reported = MakeHere({"optimizer.clip_order=AS_REPORTED_SCALED"});
  TrainState equal = MakeHere({"optimizer.clip_norm=1.52587890625e-05"});
  TrainState usual = MakeHere();
  for (int i = 0; i < 3; ++i) {
    for (TrainState* state : {&reported, &equal, &usual}) state->Step(i, BatchHere(8, i)).value();
  }
  EXPECT_LT(Difference(reported, equal), 1e-3);
  EXPECT_GT(Difference(reported, usual), 1e-2);
}

// In FP16 by the scale that the run has, elsewhere by the one that the reported run had by then.
TEST_P(TrainStateTest, ReportedClippingFollowsTheScale) {
  const auto difference = [this](const std::vector<std::string>& overrides, int64_t iteration,
                                 const char* clip_norm) {
    std::vector<std::string> reported = overrides, equal = overrides;
    reported.push_back("optimizer.clip_order=AS_REPORTED_SCALED");
    equal.push_back(absl::StrCat("optimizer.clip_norm=", clip_norm));
    TrainState a = MakeHere(reported), b = MakeHere(equal);
    for (TrainState* state : {&a, &b}) state->Step(iteration, BatchHere(8)).value();
    return Difference(a, b);
  };
  EXPECT_LT(difference({}, 5000, "7.62939453125e-06"), 1e-3);
  EXPECT_LT(difference({}, 7000, "3.814697265625e-06"), 1e-3);
  EXPECT_LT(difference({"precision=FP16", "loss_scale.initial=1024"}, 0, "9.765625e-04"), 1e-3);
}

// The largest scale allowed overflows FP16, again and again; no such step may change anything.
TEST_P(TrainStateTest, OverflowHalvesTheScaleAndLeavesTheWeights) {
  TrainState state = MakeHere({"precision=FP16", "loss_scale.initial=16777216"});
  const TrainState initial = MakeHere();
  const StepResult first = state.Step(0, BatchHere(8)).value();
  EXPECT_FALSE(std::isfinite(first.gradient_norm.item<double>()));
  EXPECT_EQ(first.loss_scale.item<float>(), 16777216);
  EXPECT_EQ(Difference(state, initial), 0);
  EXPECT_EQ(state.optimizer().step_count(), 0);
  int overflows = 1;
  while (state.optimizer().step_count() == 0 && overflows < 30) {
    state.Step(overflows++, BatchHere(8)).value();
  }
  EXPECT_EQ(state.optimizer().step_count(), 1) << "the scale came down to where it fits";
  EXPECT_GT(Difference(state, initial), 0);
  EXPECT_OK(state.CheckFinite()) << "overflows are the scaler's business";
}

// The head's input is 0, so the loss is finite; its gradient is not in half precision, whatever the
// scale.
TEST_P(TrainStateTest, OverflowThatNoScaleMendsStopsWithItsName) {
  TrainState state = MakeHere({"precision=FP16", "loss_scale.initial=4"});
  const at::NoGradGuard no_grad;
  TensorMap tensors = state.model().Tensors();
  tensors.at("final_norm.weight").zero_();
  tensors.at("final_norm.bias").zero_();
  tensors.at("head.weight").fill_(6e4);
  tensors.at("head.weight")[0].fill_(-6e4);
  Batch batch = BatchHere(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(state.CheckFinite()) << i;
    const at::AutoGradMode with_gradients(true);
    EXPECT_TRUE(std::isfinite(LossOf(state.Step(i, batch).value()))) << i;
  }
  EXPECT_EQ(state.optimizer().step_count(), 0);
  EXPECT_THAT(state.CheckFinite(),
              Fails(absl::StatusCode::kInternal,
                    AllOf(HasSubstr("iteration 2: the gradient of"), HasSubstr("has norm"))));
}

TEST_P(TrainStateTest, BadNumberStopsWithItsNameAndLeavesTheWeights) {
  TrainState state = MakeHere();
  const TrainState initial = MakeHere();
  Batch batch = BatchHere(8);
  batch.images[3][0][2][2] = std::numeric_limits<float>::infinity();
  state.Step(5, batch).value();
  EXPECT_EQ(Difference(state, initial), 0);
  EXPECT_THAT(state.CheckFinite(),
              Fails(absl::StatusCode::kInternal, AllOf(HasSubstr("iteration 5: the loss is nan"),
                                                       HasSubstr("last checkpoint"))));
}

TEST_P(TrainStateTest, BadNumberIsSkippedWhereTheConfigSaysSo) {
  TrainState state = MakeHere({"on_non_finite=SKIP"});
  TrainState clean = MakeHere();
  Batch bad = BatchHere(8);
  bad.images.fill_(std::numeric_limits<float>::quiet_NaN());
  state.Step(0, bad).value();
  EXPECT_OK(state.CheckFinite());
  state.Step(1, BatchHere(8)).value();
  clean.Step(1, BatchHere(8)).value();
  EXPECT_EQ(Difference(state, clean), 0) << "as if the bad batch had not been there";
}

void ExpectSame(const std::optional<TensorMap>& actual, const std::optional<TensorMap>& expected) {
  ASSERT_EQ(actual.has_value(), expected.has_value());
  if (!expected) return;
  ASSERT_EQ(actual->size(), expected->size());
  for (const auto& [name, tensor] : *expected) EXPECT_TRUE(actual->at(name).equal(tensor)) << name;
}

class ResumeTest : public EachDeviceAnd<std::vector<std::string>> {};

TEST_P(ResumeTest, GoesOnToTheSameBits) {
  if (IsFused(GetParam()) && !HasFusedKernels(device_)) {
    GTEST_SKIP() << "built without --config=cuda_kernels";
  }
  const auto make = [&] { return Make(GetParam(), device_); };
  TrainState whole = make(), first = make(), second = make();
  for (int i = 0; i < 6; ++i) {
    whole.Step(i, MakeBatch(8, i, device_)).value();
    if (i < 3) first.Step(i, MakeBatch(8, i, device_)).value();
  }
  ASSERT_OK(second.Load(ThroughAFile(first, /*iteration=*/3)));
  for (int i = 3; i < 6; ++i) second.Step(i, MakeBatch(8, i, device_)).value();

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
    OnEachDevice(::testing::Values(
        std::vector<std::string>{"model.dropout=0.1"},
        std::vector<std::string>{"model.dropout=0.1", "kernels=FUSED"},
        std::vector<std::string>{"model.dropout=0.1", "kernels=FUSED", "precision=BF16"},
        std::vector<std::string>{"ema.horizon_fraction=0.02"},
        std::vector<std::string>{"swa.every_iterations=1", "swa.start_iteration=0"},
        std::vector<std::string>{"precision=FP16", "loss_scale.growth_interval=2",
                                 "loss_scale.initial=16777216"},
        std::vector<std::string>{"precision=BF16", "micro_batch_size=3"})),
    AndDevice([](const std::vector<std::string>& overrides) {
      std::string name = absl::StrJoin(overrides, "_");
      std::replace_if(name.begin(), name.end(), std::not_fn(absl::ascii_isalnum), '_');
      return name;
    }));

TEST_P(TrainStateTest, CheckpointGoesFromTheDeviceToTheCpuAndBack) {
  const std::vector<std::string> averages = {"ema.horizon_fraction=0.1", "swa.every_iterations=1",
                                             "swa.start_iteration=0"};
  TrainState here = MakeHere(averages), on_cpu = Make(averages), back = MakeHere(averages);
  here.Step(0, BatchHere(8)).value();
  ASSERT_OK(on_cpu.Load(ThroughAFile(here, /*iteration=*/1)));
  EXPECT_EQ(Difference(on_cpu, here), 0);
  ASSERT_OK(back.Load(ThroughAFile(on_cpu, /*iteration=*/1)));
  EXPECT_EQ(Difference(back, here), 0);
  const double expected = LossOf(here.Step(1, BatchHere(8)).value());
  EXPECT_EQ(LossOf(back.Step(1, BatchHere(8)).value()), expected);
  EXPECT_NEAR(LossOf(on_cpu.Step(1, MakeBatch(8)).value()), expected, 1e-5);
}

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

TEST_P(TrainStateTest, AverageModelHasTheAveragedWeights) {
  TrainState state = MakeHere({"ema.horizon_fraction=1"});
  state.Step(0, BatchHere(8)).value();
  ASSERT_OK_AND_ASSIGN(const auto averages, state.AveragedModels());
  ASSERT_EQ(averages.size(), 1);
  const Batch batch = BatchHere(2);
  EXPECT_TRUE(
      averages[0].model.Forward(batch.images, {}).equal(state.model().Forward(batch.images, {})))
      << "after one update the average is the weights";
  ASSERT_OK_AND_ASSIGN(const auto none, MakeHere().AveragedModels());
  EXPECT_TRUE(none.empty());
}

TEST_P(TrainStateTest, SwaIsTheMeanOfItsIterations) {
  TrainState state = MakeHere({"swa.every_iterations=2", "swa.start_iteration=3"});
  TensorMean expected;
  for (int64_t i = 0; i < 7; ++i) {
    state.Step(i, BatchHere(8, i)).value();
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
