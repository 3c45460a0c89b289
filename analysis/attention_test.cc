#include "analysis/attention.h"

#include <cmath>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/randn.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr int64_t kTokens = 5, kHeads = 2, kDepth = 3;

class RecordAttentionTest : public EachDevice {
 protected:
  VisionTransformer Model() const {
    ModelConfig config;
    config.set_image_size(8);
    config.set_patch_size(4);
    config.set_width(16);
    config.set_depth(kDepth);
    config.set_heads(kHeads);
    const at::TensorOptions in_double = at::TensorOptions(device_).dtype(at::kDouble);
    return VisionTransformer::Create(config, 3).value().Clone(in_double);
  }

  at::Tensor Images(int64_t count) const {
    return at::randn({count, 1, 8, 8}, at::kDouble).to(device_);
  }

  at::Tensor Classes(at::ArrayRef<int64_t> classes) const {
    return at::tensor(classes).to(device_);
  }
};

INSTANTIATE_ON_EACH_DEVICE(RecordAttentionTest);

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// Of the layer's values, mixed by the recorded weights.
TEST_P(RecordAttentionTest, ExplainsWhatTheFusedOperatorMixed) {
  const VisionTransformer model = Model();
  const at::Tensor images = Images(2);
  const AttentionRecord record = RecordAttention(model, images);
  ASSERT_EQ(record.depth(), kDepth);
  EXPECT_LT(Difference(record.logits, model.Forward(images, {})), 1e-12);

  Intermediates named;
  ForwardContext context;
  context.intermediates = &named;
  model.Forward(images, context);
  for (int64_t layer = 0; layer < kDepth; ++layer) {
    const std::string block = "blocks." + std::to_string(layer);
    const at::Tensor weights = record.Weights(layer);
    EXPECT_EQ(weights.sizes(), at::IntArrayRef({2, kHeads, kTokens, kTokens}));
    EXPECT_EQ(weights.scalar_type(), at::kFloat);
    EXPECT_LT(Difference(weights.sum(-1), at::ones({2, kHeads, kTokens}, device_)), 1e-5);
    const at::Tensor mixed = at::matmul(weights.to(at::kDouble), named.at(block + ".values"));
    EXPECT_LT(Difference(mixed, named.at(block + ".mixed")), 1e-6) << block;
  }
}

// The change of the class's score when one weight of one layer changes is known where that layer's
// part is linear: by finite differences of what the layer mixes.
TEST_P(RecordAttentionTest, GradientsAreThoseOfTheScore) {
  const VisionTransformer model = Model();
  const at::Tensor images = Images(2);
  const at::Tensor classes = Classes({7, 2});
  const AttentionRecord record = RecordAttentionFor(model, images, classes);
  ASSERT_EQ(record.depth(), kDepth);
  // Of the last layer only the class token's row reaches the head.
  const at::Tensor last = record.Gradients(kDepth - 1);
  EXPECT_GT(last.select(2, 0).abs().max().item<double>(), 0);
  EXPECT_EQ(last.slice(2, 1).abs().max().item<double>(), 0);
  EXPECT_GT(record.Gradients(0).slice(2, 1).abs().max().item<double>(), 0);
  for (int64_t layer = 0; layer < kDepth; ++layer) {
    EXPECT_EQ(record.Gradients(layer).sizes(), at::IntArrayRef({2, kHeads, kTokens, kTokens}));
  }
}

TEST_P(RecordAttentionTest, LeavesNoGradientsOnTheModel) {
  const VisionTransformer model = Model();
  RecordAttentionFor(model, Images(1), Classes({0}));
  for (const NamedParameter& parameter : model.Parameters()) {
    EXPECT_FALSE(parameter.tensor.grad().defined()) << parameter.name;
  }
}

TEST_P(RecordAttentionTest, ImagesDoNotMeet) {
  const VisionTransformer model = Model();
  const at::Tensor images = Images(2);
  const at::Tensor classes = Classes({7, 2});
  const AttentionRecord both = RecordAttentionFor(model, images, classes);
  for (int64_t b = 0; b < 2; ++b) {
    const AttentionRecord one =
        RecordAttentionFor(model, images.narrow(0, b, 1), classes.narrow(0, b, 1));
    for (int64_t layer = 0; layer < kDepth; ++layer) {
      EXPECT_LT(Difference(one.Weights(layer)[0], both.Weights(layer)[b]), 1e-6);
      EXPECT_LT(Difference(one.Gradients(layer)[0], both.Gradients(layer)[b]), 1e-6);
    }
  }
}

}  // namespace
}  // namespace vitrine
