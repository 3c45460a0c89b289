// Properties that hold for any weights. golden_test.cc compares with another implementation.

#include "vit/vision_transformer.h"

#include <cmath>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/cross_entropy_loss.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/layer_norm.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/softmax.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "base/tensors/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/fused/cuda/emulation.h"
#include "vit/layers.h"
#include "vit/testing.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Step {
  const char* name;
  int image_size, channels, classes, depth, heads, width, patch;
  int64_t parameters;
};

class ParameterCountTest : public ::testing::TestWithParam<Step> {};

TEST_P(ParameterCountTest, IsTheReportedOne) {
  const Step& step = GetParam();
  ModelConfig config;
  config.set_image_size(step.image_size);
  config.set_channels(step.channels);
  config.set_num_classes(step.classes);
  config.set_depth(step.depth);
  config.set_heads(step.heads);
  config.set_width(step.width);
  config.set_patch_size(step.patch);
  ASSERT_OK_AND_ASSIGN(const VisionTransformer model, VisionTransformer::CreateShapesOnly(config));
  EXPECT_EQ(model.ParameterCount(), step.parameters);
}

INSTANTIATE_TEST_SUITE_P(Steps, ParameterCountTest,
                         ::testing::Values(Step{"1and2", 28, 1, 10, 4, 4, 768, 4, 28'414'506},
                                           Step{"3and4", 32, 3, 10, 4, 4, 768, 8, 28'524'682},
                                           Step{"5", 32, 3, 10, 8, 8, 1024, 8, 101'000'586},
                                           Step{"6", 32, 3, 10, 4, 4, 512, 4, 12'675'690},
                                           Step{"7", 224, 3, 100, 12, 12, 768, 16, 85'878'628}),
                         [](const auto& info) { return std::string(info.param.name); });

class AnyConfigTest : public EachDeviceAnd<NamedConfig> {
 protected:
  at::TensorOptions InDouble() const { return at::TensorOptions(device_).dtype(at::kDouble); }
};

INSTANTIATE_TEST_SUITE_P(Configs, AnyConfigTest, OnEachDevice(::testing::ValuesIn(SmallConfigs())),
                         AndDevice([](const NamedConfig& named) { return named.name; }));

TEST_P(AnyConfigTest, BatchOfTwoEqualsTwoOfOne) {
  const VisionTransformer model = MakeModel(GetParam().config).Clone(device_);
  const at::Tensor images = RandomImages(2, GetParam().config).to(device_);
  const at::Tensor together = model.Forward(images, {});
  const at::Tensor apart = at::concat(
      {model.Forward(images.slice(0, 0, 1), {}), model.Forward(images.slice(0, 1, 2), {})});
  ASSERT_EQ(together.sizes(), at::IntArrayRef({2, 5}));
  EXPECT_LT((together - apart).abs().max().item<double>(), 1e-5);
}

// d loss / d parameter by central differences, for some numbers of every parameter.
TEST_P(AnyConfigTest, GradientsEqualFiniteDifferencesInDouble) {
  const VisionTransformer model = MakeModel(GetParam().config).Clone(InDouble());
  const at::Tensor images = RandomImages(3, GetParam().config).to(InDouble());
  const at::Tensor labels = at::tensor({0, 3, 4}, at::kLong).to(device_);
  const auto loss = [&] { return at::cross_entropy_loss(model.Forward(images, {}), labels); };
  loss().backward();
  const double step = 1e-6;
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : model.Parameters()) {
    const at::Tensor values = parameter.tensor.view(-1),
                     gradient = parameter.tensor.grad().view(-1);
    for (int64_t i = 0; i < values.numel(); i += std::max<int64_t>(1, values.numel() / 5)) {
      const double kept = values[i].item<double>();
      values[i] = kept + step;
      const double above = loss().item<double>();
      values[i] = kept - step;
      const double below = loss().item<double>();
      values[i] = kept;
      EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * step), 1e-8)
          << parameter.name << "[" << i << "]";
    }
  }
}

class FusedModelTest : public ::testing::TestWithParam<NamedConfig> {};

INSTANTIATE_TEST_SUITE_P(Configs, FusedModelTest, ::testing::ValuesIn(SmallConfigs()),
                         [](const auto& info) { return info.param.name; });

// With the same dropout, and with blocks computed once or twice.
TEST_P(FusedModelTest, FusedKernelsGiveTheSameGradientsInDouble) {
  ModelConfig config = GetParam().config;
  config.set_dropout(0.2);
  const at::Tensor images = RandomImages(3, config).to(at::kDouble);
  const auto differentiate = [&](bool fused, bool recompute) {
    ForwardContext context;
    context.training = true;
    context.dropout_keys = DropoutKeys(7);
    context.fusion = fused ? Fusion::kCpu : Fusion::kNone;
    context.recompute_blocks = recompute;
    VisionTransformer model = MakeModel(config).Clone(at::kDouble);
    at::cross_entropy_loss(model.Forward(images, context), at::tensor({0, 3, 4}, at::kLong))
        .backward();
    return model;
  };
  const VisionTransformer plain = differentiate(false, false);
  for (const bool recompute : {false, true}) {
    const VisionTransformer fused = differentiate(true, recompute);
    for (const NamedParameter& parameter : fused.Parameters()) {
      const at::Tensor gradient = plain.Tensors().at(parameter.name).grad();
      EXPECT_LT((parameter.tensor.grad() - gradient).abs().max().item<double>(), 1e-12)
          << parameter.name;
    }
  }
}

// By its kernels as a CPU emulates them, and on one where there is any, against libtorch's
// operators on the CPU with the same dropout.
TEST_P(FusedModelTest, FusedForAGpuTheGradientsAreTheSame) {
  ModelConfig config = GetParam().config;
  config.set_dropout(0.2);
  const at::Tensor images = RandomImages(3, config);
  const auto differentiate = [&](Fusion fusion, at::Device device, bool recompute) {
    ForwardContext context;
    context.training = true;
    context.dropout_keys = DropoutKeys(7);
    context.fusion = fusion;
    context.recompute_blocks = recompute;
    VisionTransformer model = MakeModel(config).Clone(device);
    const at::Tensor labels = at::tensor({0, 3, 4}, at::kLong).to(device);
    at::cross_entropy_loss(model.Forward(images.to(device), context), labels).backward();
    return model;
  };
  const std::vector<at::Device> devices = fused::cuda::EmulateKernels();
  const VisionTransformer plain = differentiate(Fusion::kNone, at::kCPU, /*recompute=*/false);
  for (const at::Device device : devices) {
    for (const bool recompute : {false, true}) {
      const VisionTransformer fused = differentiate(Fusion::kGpu, device, recompute);
      for (const NamedParameter& parameter : fused.Parameters()) {
        const at::Tensor gradient = plain.Tensors().at(parameter.name).grad();
        const at::Tensor difference = parameter.tensor.grad().cpu() - gradient;
        // A bias of all keys moves no attention weight, so its gradient is nothing but rounding.
        const double rounding = parameter.name.ends_with("key_norm.bias") ? 1e-7 : 0;
        EXPECT_LE(difference.norm().item<double>(),
                  1e-5 * gradient.norm().item<double>() + rounding)
            << parameter.name << " on " << device;
      }
    }
  }
}

using VisionTransformerTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(VisionTransformerTest);

// The last block computes the class token alone unless all are asked for.
TEST_P(VisionTransformerTest, TokensThatNobodyReadsDoNotMatter) {
  const auto in_double = at::TensorOptions(device_).dtype(at::kDouble);
  const VisionTransformer model = MakeModel(SmallConfig()).Clone(in_double);
  const at::Tensor images = RandomImages(3, SmallConfig()).to(in_double);
  Intermediates named;
  ForwardContext context;
  context.intermediates = &named;
  const at::Tensor all = model.Forward(images, context);
  EXPECT_EQ(named.at("blocks.1.output").size(1), 5);
  EXPECT_LT((model.Forward(images, {}) - all).abs().max().item<double>(), 1e-13);
}

// Without positions a transformer sees a set of patches, not an image.
TEST_P(VisionTransformerTest, WithoutPositionsTheOrderOfPatchesDoesNotMatter) {
  const ModelConfig config = SmallConfig();
  const VisionTransformer model = MakeModel(config).Clone(device_);
  const at::Tensor image = RandomImages(1, config).to(device_);
  const at::Tensor top = image.slice(2, 0, 4), bottom = image.slice(2, 4, 8);
  const at::Tensor swapped = at::concat({bottom, top}, 2);
  const auto difference = [&] {
    return (model.Forward(image, {}) - model.Forward(swapped, {})).abs().max().item<double>();
  };
  EXPECT_GT(difference(), 1e-3);
  const at::NoGradGuard no_grad;
  for (NamedParameter& parameter : model.Parameters()) {
    if (parameter.name == "position_embedding") parameter.tensor.zero_();
  }
  EXPECT_LT(difference(), 1e-5);
}

TEST(VisionTransformerTest, PatchesAreRowsOfRowColumnChannel) {
  // Pixel (channel c, row y, column x) holds 100 c + 10 y + x.
  at::Tensor image = at::empty({1, 2, 4, 4});
  for (int c = 0; c < 2; ++c) {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 4; ++x) image[0][c][y][x] = 100 * c + 10 * y + x;
    }
  }
  const at::Tensor second_patch = Patchify(image, 2)[0][1];
  EXPECT_TRUE(second_patch.equal(at::tensor({2, 102, 3, 103, 12, 112, 13, 113}, at::kFloat)));
}

// What the last block adds, from the queries and keys that it hands out and the values that follow
// from its input, by the formula that the fused operator replaces.
TEST_P(VisionTransformerTest, QueriesAndKeysExplainTheAttention) {
  const ModelConfig config = SmallConfig();
  const VisionTransformer model = MakeModel(config).Clone(device_);
  const at::NoGradGuard no_grad;
  const TensorMap p = model.Tensors();
  // Without its MLP the block adds the attention alone.
  p.at("blocks.1.mlp.output.weight").zero_();
  p.at("blocks.1.mlp.output.bias").zero_();
  Intermediates named;
  ForwardContext context;
  context.intermediates = &named;
  model.Forward(RandomImages(3, config).to(device_), context);
  EXPECT_EQ(named.size(), 10);
  const at::Tensor input = named.at("blocks.0.output");  // [3, 5, 16]
  const at::Tensor added = named.at("blocks.1.output") - input;

  const at::Tensor queries = named.at("blocks.1.queries");  // [3, 2, 5, 8]
  const at::Tensor scores = at::matmul(queries, named.at("blocks.1.keys").transpose(-1, -2));
  const at::Tensor weights = at::softmax(scores / std::sqrt(8.0), -1);  // [3, 2, 5, 5]
  const at::Tensor normalized = at::layer_norm(input, {16}, p.at("blocks.1.attention_norm.weight"),
                                               p.at("blocks.1.attention_norm.bias"));
  const at::Tensor values =
      at::linear(normalized, p.at("blocks.1.attention.qkv.weight").slice(0, 32),
                 p.at("blocks.1.attention.qkv.bias").slice(0, 32))
          .view({3, 5, 2, 8})
          .transpose(1, 2);  // [3, 2, 5, 8]
  const at::Tensor mixed = at::matmul(weights, values).transpose(1, 2).reshape({3, 5, 16});
  const at::Tensor expected = at::linear(mixed, p.at("blocks.1.attention.projection.weight"),
                                         p.at("blocks.1.attention.projection.bias"));
  EXPECT_LT((added - expected).abs().max().item<double>(), 1e-5);
  // Equal weights would make queries and keys irrelevant, and the test blind.
  EXPECT_GT((weights - 0.2).abs().max().item<double>(), 0.02);
}

TEST_P(VisionTransformerTest, CloneIsEqualAndItsOwn) {
  const ModelConfig config = SmallConfigWithOptions();
  const VisionTransformer model = MakeModel(config).Clone(device_);
  const VisionTransformer clone = model.Clone();
  const at::Tensor images = RandomImages(2, config).to(device_);
  const at::Tensor before = model.Forward(images, {});
  EXPECT_TRUE(clone.Forward(images, {}).equal(before));
  const at::NoGradGuard no_grad;
  for (NamedParameter& parameter : clone.Parameters()) parameter.tensor.add_(1);
  EXPECT_TRUE(model.Forward(images, {}).equal(before));
}

TEST_P(VisionTransformerTest, FileRoundTripGivesTheSameBits) {
  const ModelConfig config = SmallConfigWithOptions();
  const VisionTransformer model = MakeModel(config, 1).Clone(device_);
  const std::string path = ::testing::TempDir() + "/model.safetensors";
  ASSERT_OK(WriteSafetensors(path, model.Tensors()));
  ASSERT_OK_AND_ASSIGN(const TensorMap read, ReadSafetensors(path));
  VisionTransformer loaded = MakeModel(config, 2).Clone(device_);
  ASSERT_OK(loaded.Load(read));
  const at::Tensor images = RandomImages(2, config).to(device_);
  EXPECT_TRUE(loaded.Forward(images, {}).equal(model.Forward(images, {})));
}

TEST(VisionTransformerTest, LoadNamesEveryTensorThatDoesNotFit) {
  VisionTransformer model = MakeModel(SmallConfig());
  TensorMap tensors = model.Tensors();
  tensors.erase("class_token");
  tensors["head.bias"] = at::empty({7});
  tensors["extra"] = at::empty({1});
  EXPECT_THAT(model.Load(tensors), Fails(absl::StatusCode::kFailedPrecondition,
                                         AllOf(HasSubstr("no tensor class_token"),
                                               HasSubstr("head.bias has shape [7] instead of [5]"),
                                               HasSubstr("unknown tensor extra"))));
}

TEST_P(VisionTransformerTest, DropoutActsOnlyWhileTraining) {
  ModelConfig config = SmallConfig();
  config.set_dropout(0.5);
  config.set_stochastic_depth(0.5);
  const VisionTransformer model = MakeModel(config).Clone(device_);
  const at::Tensor images = RandomImages(2, config).to(device_);
  EXPECT_TRUE(model.Forward(images, {}).equal(model.Forward(images, {})));
  const auto train = [&](uint64_t seed) {
    ForwardContext context;
    context.training = true;
    context.dropout_keys = DropoutKeys(seed);
    return model.Forward(images, context);
  };
  EXPECT_TRUE(train(1).equal(train(1)));
  EXPECT_FALSE(train(1).equal(train(2)));
}

// 2^32 patches would take terabytes.
TEST(VisionTransformerTest, ShapesTakeNoMemory) {
  ModelConfig config = SmallConfig();
  config.set_image_size(1 << 16);
  config.set_patch_size(1);
  ASSERT_OK_AND_ASSIGN(const auto learned, VisionTransformer::CreateShapesOnly(config));
  EXPECT_GT(learned.ParameterCount(), int64_t{16} << 32);
  config.set_position_embedding(ModelConfig::SINCOS_2D);
  ASSERT_OK_AND_ASSIGN(const auto fixed, VisionTransformer::CreateShapesOnly(config));
  EXPECT_LT(fixed.ParameterCount(), 10'000);
}

TEST(VisionTransformerTest, BadConfigIsRefused) {
  ModelConfig config = SmallConfig();
  config.set_heads(3);
  config.set_depth(0);
  EXPECT_THAT(VisionTransformer::Create(config, 0),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("model.heads"), HasSubstr("model.depth"))));
}

}  // namespace
}  // namespace vitrine
