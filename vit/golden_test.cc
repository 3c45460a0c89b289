// The model against an independent one in PyTorch: testdata/generate.py made the expected values,
// in double precision.

#include <optional>
#include <string>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/_fused_adamw.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "ATen/ops/zeros.h"
#include "ATen/ops/zeros_like.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"
#include "vit/fused/cuda/launch.h"
#include "vit/positions.h"
#include "vit/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

struct Golden {
  std::string file;
  ModelConfig config;
  bool fused = false;
};

Golden Fused(Golden golden) {
  golden.fused = true;
  return golden;
}

Golden AsReported() {
  ModelConfig config;
  config.set_image_size(8);
  config.set_patch_size(4);
  config.set_width(16);
  config.set_depth(2);
  config.set_heads(2);
  config.set_num_classes(5);
  return {"as_reported", config};
}

Golden Options() {
  ModelConfig config;
  config.set_image_size(12);
  config.set_channels(3);
  config.set_patch_size(4);
  config.set_width(24);
  config.set_depth(3);
  config.set_heads(4);
  config.set_num_classes(7);
  config.set_pooling(ModelConfig::MEAN);
  config.set_register_tokens(2);
  config.set_position_embedding(ModelConfig::SINCOS_2D);
  config.set_layer_scale(0.1);
  return {"options", config};
}

// The largest difference, in units of the largest expected value of the tensor: a rounding error is
// relative to the sums that a value came from, not to the value.
double Error(const at::Tensor& actual, const at::Tensor& expected) {
  const double scale = expected.abs().max().item<double>();
  return (actual.detach() - expected).abs().max().item<double>() / scale;
}

class GoldenTest : public EachDeviceAnd<Golden> {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (GetParam().fused && device_.is_cuda() && !fused::cuda::HasKernels()) {
      GTEST_SKIP() << "built without --config=cuda_kernels";
    }
    golden_ = ReferenceValues(GetParam().file);
    for (auto& [name, tensor] : golden_) tensor = tensor.to(device_);
    model_.emplace(MakeModel(GetParam().config).Clone(device_));
    ASSERT_OK(model_->Load(Group("parameters/")));
  }

  TensorMap Group(std::string_view prefix) const {
    TensorMap group;
    for (const auto& [name, tensor] : golden_) {
      std::string_view rest = name;
      if (absl::ConsumePrefix(&rest, prefix)) group.emplace(rest, tensor);
    }
    return group;
  }

  at::Tensor Loss(Intermediates* intermediates = nullptr) {
    ForwardContext context;
    context.intermediates = intermediates;
    if (GetParam().fused && intermediates == nullptr) {
      context.fusion = device_.is_cpu() ? Fusion::kCpu : Fusion::kGpu;
    }
    logits_ = model_->Forward(golden_.at("images"), context);
    return at::cross_entropy_loss(logits_, golden_.at("labels"));
  }

  const double rounding_ = device_.is_cpu() ? 2e-6 : 1e-5;
  TensorMap golden_;
  std::optional<VisionTransformer> model_;
  at::Tensor logits_;
};

TEST_P(GoldenTest, LogitsAndLoss) {
  const at::Tensor loss = Loss();
  EXPECT_LT(Error(logits_, golden_.at("logits")), rounding_);
  EXPECT_NEAR(loss.item<double>(), golden_.at("loss").item<double>(), rounding_);
}

// Which only plain kernels have.
TEST_P(GoldenTest, LogitsWithIntermediates) {
  Intermediates intermediates;
  Loss(&intermediates);
  EXPECT_LT(Error(logits_, golden_.at("logits")), rounding_);
  const TensorMap expected = Group("intermediates/");
  ASSERT_EQ(expected.size(), 3 * GetParam().config.depth());
  for (const auto& [name, tensor] : expected) {
    ASSERT_EQ(intermediates.count(name), 1) << name;
    EXPECT_LT(Error(intermediates.at(name), tensor), rounding_) << name;
  }
}

TEST_P(GoldenTest, EveryGradient) {
  Loss().backward();
  const TensorMap expected = Group("gradients/");
  const auto parameters = model_->Parameters();
  ASSERT_EQ(expected.size(), parameters.size());
  for (const NamedParameter& parameter : parameters) {
    ASSERT_EQ(expected.count(parameter.name), 1) << parameter.name;
    EXPECT_LT(Error(parameter.tensor.grad(), expected.at(parameter.name)), 5 * rounding_)
        << parameter.name;
  }
}

// One call of the fused operator for the decayed tensors (two or more dimensions), one for the
// rest.
class AdamW {
 public:
  explicit AdamW(const VisionTransformer& model) {
    for (const NamedParameter& parameter : model.Parameters()) {
      Group& group = parameter.tensor.dim() >= 2 ? decayed_ : plain_;
      group.parameters.push_back(parameter.tensor);
      group.means.push_back(at::zeros_like(parameter.tensor));
      group.squares.push_back(at::zeros_like(parameter.tensor));
      group.steps.push_back(at::zeros({}, parameter.tensor.options()));
    }
  }

  void Step() {
    const at::NoGradGuard no_grad;
    Step(decayed_, 0.1);
    Step(plain_, 0);
  }

 private:
  struct Group {
    std::vector<at::Tensor> parameters, means, squares, steps;
  };

  static void Step(Group& group, double weight_decay) {
    std::vector<at::Tensor> gradients;
    for (at::Tensor& parameter : group.parameters) gradients.push_back(parameter.grad());
    for (at::Tensor& step : group.steps) step.add_(1);
    at::_fused_adamw_(group.parameters, gradients, group.means, group.squares, {}, group.steps,
                      /*lr=*/1e-3, /*beta1=*/0.9, /*beta2=*/0.999, weight_decay, /*eps=*/1e-8,
                      /*amsgrad=*/false, /*maximize=*/false);
    for (at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
  }

  Group decayed_, plain_;
};

TEST_P(GoldenTest, LossesOfTenAdamWSteps) {
  AdamW optimizer(*model_);
  const at::Tensor& expected = golden_.at("adamw_losses");
  ASSERT_EQ(expected.numel(), 11);
  for (int step = 0; step <= 10; ++step) {
    const at::Tensor loss = Loss();
    EXPECT_NEAR(loss.item<double>(), expected[step].item<double>(), 10 * rounding_)
        << "step " << step;
    loss.backward();
    optimizer.Step();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Configs, GoldenTest,
    OnEachDevice(::testing::Values(AsReported(), Options(), Fused(AsReported()), Fused(Options()))),
    AndDevice([](const Golden& golden) { return golden.file + (golden.fused ? "_fused" : ""); }));

// With masks that the reference draws as this model does, a rate for each place.
using DropoutByPlaceTest = EachDevice;

TEST_P(DropoutByPlaceTest, LossAndEveryGradient) {
  TensorMap golden = ReferenceValues("dropout_by_place"), parameters;
  for (auto& [name, tensor] : golden) {
    tensor = tensor.to(device_);
    std::string_view rest = name;
    if (absl::ConsumePrefix(&rest, "parameters/")) parameters.emplace(rest, tensor);
  }
  ModelConfig config = AsReported().config;
  config.set_embedding_dropout(0.1);
  config.set_attention_dropout(0.2);
  config.set_projection_dropout(0.3);
  config.set_mlp_dropout(0.4);
  const Fusion fused = device_.is_cpu() ? Fusion::kCpu : Fusion::kGpu;
  for (const Fusion fusion : {Fusion::kNone, fused}) {
    if (fusion == Fusion::kGpu && !fused::cuda::HasKernels()) continue;
    for (const bool recompute : {false, true}) {
      VisionTransformer model = MakeModel(config).Clone(device_);
      ASSERT_OK(model.Load(parameters));
      ForwardContext context;
      context.training = true;
      context.dropout_keys = DropoutKeys(7);
      context.fusion = fusion;
      context.recompute_blocks = recompute;
      const at::Tensor logits = model.Forward(golden.at("images"), context);
      EXPECT_LT(Error(logits, golden.at("logits")), 1e-5);
      at::cross_entropy_loss(logits, golden.at("labels")).backward();
      for (const NamedParameter& parameter : model.Parameters()) {
        const at::Tensor& expected = golden.at(absl::StrCat("gradients/", parameter.name));
        EXPECT_LT(Error(parameter.tensor.grad(), expected), 5e-5) << parameter.name;
      }
    }
  }
}

INSTANTIATE_ON_EACH_DEVICE(DropoutByPlaceTest);

TEST(SinCosPositionsTest, AreBigVisions) {
  const at::Tensor expected = ReferenceValues("options").at("sincos_positions");
  const at::Tensor square = SinCosPositions(3, 3, 24, at::kFloat);
  EXPECT_LT(Error(square, expected), 1e-7);
  const at::Tensor wide = SinCosPositions(2, 3, 24, at::kFloat);
  EXPECT_TRUE(wide.equal(square.narrow(1, 0, 6)));
}

}  // namespace
}  // namespace vitrine
