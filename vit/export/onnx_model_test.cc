#include "vit/export/onnx_model.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/config.h"
#include "vit/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

OnnxModel Export(const ModelConfig& config, const TensorMap& tensors, bool with_heads = true) {
  OnnxGraph graph;
  AddVisionTransformer(config, tensors, AddPixels(config, &graph), &graph, with_heads);
  return std::move(graph).Finish();
}

OnnxModel Export(const ModelConfig& config) { return Export(config, MakeModel(config).Tensors()); }

// Nodes of an operator whose names begin so.
int Count(const OnnxModel& model, std::string_view op, std::string_view part = "") {
  int count = 0;
  for (const auto& node : model.proto.graph().node()) {
    count += node.op_type() == op && node.name().rfind(part, 0) == 0;
  }
  return count;
}

std::vector<std::string> Shape(const onnx::ValueInfoProto& value) {
  std::vector<std::string> sides;
  for (const auto& side : value.type().tensor_type().shape().dim()) {
    sides.push_back(side.has_dim_value() ? absl::StrCat(side.dim_value()) : side.dim_param());
  }
  return sides;
}

bool SameData(const OnnxModel& a, const OnnxModel& b) {
  if (a.data.size() != b.data.size()) return false;
  for (size_t i = 0; i < a.data.size(); ++i) {
    if (!a.data[i].equal(b.data[i])) return false;
  }
  return true;
}

// Nothing here runs a graph: tools/checks/run onnx compares the numbers.
class OnnxModelTest : public ::testing::TestWithParam<NamedConfig> {
 protected:
  const ModelConfig config_ = GetParam().config;
};

INSTANTIATE_TEST_SUITE_P(Configs, OnnxModelTest, ::testing::ValuesIn(SmallConfigs()),
                         [](const auto& info) { return info.param.name; });

TEST_P(OnnxModelTest, NodesReadWhatIsThereAndAllOfItIsRead) {
  const OnnxModel model = Export(config_);
  const onnx::GraphProto& graph = model.proto.graph();
  std::set<std::string> known = {""}, read;
  const auto add = [&](const std::string& name) { EXPECT_TRUE(known.insert(name).second) << name; };
  for (const auto& input : graph.input()) add(input.name());
  for (const auto& weight : graph.initializer()) add(weight.name());
  for (const auto& node : graph.node()) {
    for (const std::string& name : node.input()) {
      EXPECT_THAT(known, Contains(name)) << node.name();
      read.insert(name);
    }
    for (const std::string& name : node.output()) add(name);
  }
  for (const auto& output : graph.output()) read.insert(output.name());
  known.erase("");
  read.erase("");
  EXPECT_EQ(known, read);
}

TEST_P(OnnxModelTest, EveryNumberOfTheModelIsInIt) {
  const TensorMap tensors = MakeModel(config_).Tensors();
  const OnnxModel model = Export(config_, tensors);
  EXPECT_TRUE(SameData(model, Export(config_, tensors)));
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    for (const int64_t index : {int64_t{0}, tensor.numel() - 1}) {
      TensorMap changed = tensors;
      changed[name] = tensor.clone();
      changed[name].view(-1)[index] += 1;
      EXPECT_FALSE(SameData(model, Export(config_, changed))) << name << " " << index;
    }
  }
}

TEST_P(OnnxModelTest, WithoutHeadsThereIsTheEmbeddingAlone) {
  const OnnxModel model = Export(config_, MakeModel(config_).Tensors(), /*with_heads=*/false);
  ASSERT_EQ(model.proto.graph().output_size(), 1);
  EXPECT_EQ(model.proto.graph().output(0).name(), "embedding");
  for (const auto& weight : model.proto.graph().initializer()) {
    EXPECT_FALSE(IsHead(weight.name())) << weight.name();
  }
  EXPECT_LT(model.proto.graph().node_size(), Export(config_).proto.graph().node_size());
}

TEST_P(OnnxModelTest, InputAndOutputsAreOfABatchOfAnySize) {
  const OnnxModel model = Export(config_);
  const onnx::GraphProto& graph = model.proto.graph();
  ASSERT_EQ(graph.input_size(), 1);
  EXPECT_EQ(graph.input(0).name(), "pixels");
  EXPECT_THAT(Shape(graph.input(0)),
              ElementsAre("batch", absl::StrCat(config_.channels()),
                          absl::StrCat(config_.image_size()), absl::StrCat(ImageWidth(config_))));
  ASSERT_EQ(graph.output_size(), 2);
  EXPECT_EQ(graph.output(0).name(), "logits");
  EXPECT_THAT(Shape(graph.output(0)), ElementsAre("batch", "5"));
  EXPECT_EQ(graph.output(1).name(), "embedding");
  const at::NoGradGuard no_grad;
  std::vector<std::string> shape = {"batch"};
  const at::Tensor features = MakeModel(config_).Features(RandomImages(3, config_), {});
  for (const int64_t side : features.sizes().slice(1)) shape.push_back(absl::StrCat(side));
  EXPECT_EQ(Shape(graph.output(1)), shape);
}

// A model without patch_norms, whose projection alone is there, has two norms fewer, and so on.
TEST_P(OnnxModelTest, NormsAreThoseOfTheConfig) {
  const OnnxModel model = Export(config_);
  const int of_heads =
      config_.query_key_norm() == ModelConfig::LAYER_NORM ? 2 * config_.depth() : 0;
  const int norms = 2 * config_.depth() + (config_.patch_norms() ? 2 : 0) +
                    (config_.embedding_norm() ? 1 : 0) + of_heads + 1;
  EXPECT_EQ(Count(model, "LayerNormalization"), norms);
  const float epsilon = static_cast<float>(config_.layer_norm_epsilon());
  for (const auto& node : model.proto.graph().node()) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() != "epsilon") continue;
      EXPECT_EQ(attribute.f(), epsilon) << node.name();
    }
  }
}

TEST_P(OnnxModelTest, OnlyWhatIsReadPassesTheLastBlock) {
  const OnnxModel model = Export(config_);
  EXPECT_EQ(Count(model, "Slice", "blocks.0"), 0);
  EXPECT_EQ(Count(model, "Slice", "blocks.1"), ReadTokens(config_) > 0 ? 2 : 0);
}

TEST(OnnxModelOptionsTest, ActivationsHaveOperatorsOfTheirOwn) {
  const auto attribute_of_gelu = [](ModelConfig::Activation activation) {
    ModelConfig config = SmallConfig();
    config.set_activation(activation);
    const OnnxModel model = Export(config);
    for (const auto& node : model.proto.graph().node()) {
      if (node.op_type() == "Gelu") return node.attribute(0).s();
    }
    return std::string(Count(model, "Sigmoid") == 2 ? "a sigmoid in each block" : "");
  };
  EXPECT_EQ(attribute_of_gelu(ModelConfig::GELU), "none");
  EXPECT_EQ(attribute_of_gelu(ModelConfig::GELU_TANH), "tanh");
  EXPECT_EQ(attribute_of_gelu(ModelConfig::QUICK_GELU), "a sigmoid in each block");
  EXPECT_EQ(attribute_of_gelu(ModelConfig::SWIGLU), "a sigmoid in each block");
}

TEST(OnnxModelOptionsTest, WhatActsInTrainingAloneChangesNothing) {
  ModelConfig config = SmallConfig();
  const TensorMap tensors = MakeModel(config).Tensors();
  const OnnxModel model = Export(config, tensors);
  config.set_dropout(0.5);
  config.set_attention_dropout(0.5);
  config.set_stochastic_depth(0.5);
  const OnnxModel other = Export(config, tensors);
  EXPECT_EQ(model.proto.SerializeAsString(), other.proto.SerializeAsString());
  EXPECT_TRUE(SameData(model, other));
}

}  // namespace
}  // namespace vitrine
