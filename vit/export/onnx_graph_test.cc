#include "vit/export/onnx_graph.h"

#include <set>
#include <string>
#include <utility>

#include "ATen/ops/zeros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

constexpr auto kFloat = onnx::TensorProto::FLOAT;

TEST(OnnxGraphTest, SaysWhichVersionsItNeeds) {
  const OnnxModel model = OnnxGraph().Finish();
  EXPECT_EQ(model.proto.ir_version(), 9);
  ASSERT_EQ(model.proto.opset_import_size(), 1);
  EXPECT_EQ(model.proto.opset_import(0).domain(), "");
  EXPECT_EQ(model.proto.opset_import(0).version(), 20);
  EXPECT_EQ(model.proto.producer_name(), "Vitrine");
}

TEST(OnnxGraphTest, SidesAreNumbersOrNames) {
  OnnxGraph graph;
  EXPECT_EQ(graph.AddInput("x", onnx::TensorProto::UINT8, {"batch", "3"}), "x");
  const OnnxModel model = std::move(graph).Finish();
  const auto& type = model.proto.graph().input(0).type().tensor_type();
  EXPECT_EQ(type.elem_type(), onnx::TensorProto::UINT8);
  ASSERT_EQ(type.shape().dim_size(), 2);
  EXPECT_EQ(type.shape().dim(0).dim_param(), "batch");
  EXPECT_FALSE(type.shape().dim(0).has_dim_value());
  EXPECT_EQ(type.shape().dim(1).dim_value(), 3);
}

TEST(OnnxGraphTest, AnOutputIsKnownByItsNameWhereverItIsRead) {
  OnnxGraph graph;
  const OnnxValue x = graph.AddInput("x", kFloat, {"2"});
  const OnnxValue a = graph.Add("Abs", {x});
  const OnnxValue b = graph.Add("Neg", {a});
  graph.AddOutput("first", a, {"2"});
  graph.AddOutput("second", b, {"2"});
  const OnnxModel model = std::move(graph).Finish();
  EXPECT_THAT(model.proto.graph().node(0).output(), ElementsAre("first"));
  EXPECT_THAT(model.proto.graph().node(1).input(), ElementsAre("first"));
  EXPECT_THAT(model.proto.graph().node(1).output(), ElementsAre("second"));
}

TEST(OnnxGraphTest, NodesAreNumberedInTheirPart) {
  OnnxGraph graph;
  const OnnxValue x = graph.AddInput("x", kFloat, {"2"});
  EXPECT_EQ(graph.Add("Abs", {x}), "Abs");
  graph.BeginPart("blocks.0");
  EXPECT_EQ(graph.Add("Abs", {x}), "blocks.0/Abs");
  EXPECT_EQ(graph.Add("Abs", {x}), "blocks.0/Abs_2");
  EXPECT_THAT(graph.AddMany("Split", {x}, 2), ElementsAre("blocks.0/Split/0", "blocks.0/Split/1"));
  graph.BeginPart("blocks.1");
  EXPECT_EQ(graph.Add("Abs", {x}), "blocks.1/Abs");
}

TEST(OnnxGraphTest, AttributesHaveTheirTypes) {
  OnnxGraph graph;
  graph.Add("Any", {}, {{"i", -1}, {"f", 0.5f}, {"s", "text"}, {"l", std::vector<int64_t>{3, 4}}});
  const OnnxModel model = std::move(graph).Finish();
  const auto& attributes = model.proto.graph().node(0).attribute();
  ASSERT_EQ(attributes.size(), 4);
  EXPECT_EQ(attributes[0].type(), onnx::AttributeProto::INT);
  EXPECT_EQ(attributes[0].i(), -1);
  EXPECT_EQ(attributes[1].type(), onnx::AttributeProto::FLOAT);
  EXPECT_EQ(attributes[1].f(), 0.5f);
  EXPECT_EQ(attributes[2].type(), onnx::AttributeProto::STRING);
  EXPECT_EQ(attributes[2].s(), "text");
  EXPECT_EQ(attributes[3].type(), onnx::AttributeProto::INTS);
  EXPECT_THAT(attributes[3].ints(), ElementsAre(3, 4));
}

TEST(OnnxGraphTest, EqualConstantsAreOne) {
  OnnxGraph graph;
  EXPECT_EQ(graph.Ints({1, 2}), graph.Ints({1, 2}));
  EXPECT_EQ(graph.Float(0.1f), graph.Float(0.1f));
  const std::set<std::string> names = {graph.Ints({1, 2}),
                                       graph.Ints({12}),
                                       graph.Ints({1}),
                                       graph.Int(1),
                                       graph.Float(1),
                                       graph.Double(1),
                                       graph.Double(1.0 + 1e-15),
                                       graph.Float(0.1f),
                                       graph.Float(0.1f + 1e-8f),
                                       graph.Double(0.1)};
  EXPECT_EQ(names.size(), 10);
  const OnnxModel model = std::move(graph).Finish();
  EXPECT_EQ(model.proto.graph().initializer_size(), 10);
  EXPECT_EQ(model.data.size(), 10);
}

TEST(OnnxGraphTest, ConstantsHaveTheirTypesAndShapes) {
  OnnxGraph graph;
  graph.Ints({5, -6});
  graph.Int(7);
  graph.Float(0.5f);
  graph.Double(0.25);
  const OnnxModel model = std::move(graph).Finish();
  const auto& constants = model.proto.graph().initializer();
  EXPECT_EQ(constants[0].data_type(), onnx::TensorProto::INT64);
  EXPECT_THAT(constants[0].dims(), ElementsAre(2));
  EXPECT_EQ(model.data[0][1].item<int64_t>(), -6);
  EXPECT_EQ(constants[1].data_type(), onnx::TensorProto::INT64);
  EXPECT_EQ(constants[1].dims_size(), 0);
  EXPECT_EQ(model.data[1].item<int64_t>(), 7);
  EXPECT_EQ(constants[2].data_type(), onnx::TensorProto::FLOAT);
  EXPECT_EQ(model.data[2].item<float>(), 0.5f);
  EXPECT_EQ(constants[3].data_type(), onnx::TensorProto::DOUBLE);
  EXPECT_EQ(model.data[3].item<double>(), 0.25);
}

TEST(OnnxGraphTest, WeightsLieAsTheirShapeSays) {
  OnnxGraph graph;
  const at::Tensor weight = at::zeros({2, 3});
  graph.Weight("transposed", weight.t());
  const OnnxModel model = std::move(graph).Finish();
  EXPECT_THAT(model.proto.graph().initializer(0).dims(), ElementsAre(3, 2));
  EXPECT_TRUE(model.data[0].is_contiguous());
}

TEST(OnnxGraphDeathTest, TwoWeightsOfANameAreABrokenInvariant) {
  OnnxGraph graph;
  graph.Weight("w", at::zeros({1}));
  EXPECT_DEATH(graph.Weight("w", at::zeros({1})), "w is there already");
}

}  // namespace
}  // namespace vitrine
