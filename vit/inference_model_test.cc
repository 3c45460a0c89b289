#include "vit/inference_model.h"

#include <thread>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"
#include "vit/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

// The largest difference, in units of the largest expected value.
double Error(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

class InferenceModelTest : public EachDeviceAnd<NamedConfig> {
 protected:
  // In the type, with weights that are those of float32.
  VisionTransformer Model(at::ScalarType type = at::kFloat) const {
    return MakeModel(GetParam().config).Clone(at::TensorOptions(type).device(device_));
  }

  // More than are computed at a time.
  at::Tensor Images() const { return RandomImages(19, GetParam().config).to(device_); }

  // In double precision.
  at::Tensor Expected() const {
    const at::NoGradGuard no_grad;
    return Model(at::kDouble).Forward(Images().to(at::kDouble), {});
  }
};

INSTANTIATE_TEST_SUITE_P(Configs, InferenceModelTest,
                         OnEachDevice(::testing::ValuesIn(SmallConfigs())),
                         AndDevice([](const NamedConfig& named) { return named.name; }));

TEST_P(InferenceModelTest, IsTheModel) {
  const VisionTransformer model = Model();
  const at::Tensor logits = InferenceModel(&model).Forward(Images());
  EXPECT_FALSE(logits.requires_grad());
  EXPECT_EQ(logits.scalar_type(), at::kFloat);
  EXPECT_LT(Error(logits, Expected()), 1e-5);
}

TEST_P(InferenceModelTest, InBfloat16RoundsAndNoMore) {
  const VisionTransformer model = Model();
  const at::Tensor logits = InferenceModel(&model, at::kBFloat16).Forward(Images());
  EXPECT_EQ(logits.sizes(), (std::vector<int64_t>{19, GetParam().config.num_classes()}));
  const double error = Error(logits, Expected());
  EXPECT_LT(error, 0.05);
  EXPECT_GT(error, 1e-5) << "these were products of float32";
}

TEST_P(InferenceModelTest, OfDoublesItIsTheModelToTheBit) {
  const VisionTransformer model = Model(at::kDouble);
  EXPECT_TRUE(InferenceModel(&model).Forward(Images().to(at::kDouble)).equal(Expected()));
}

TEST_P(InferenceModelTest, AnImageHasItsFeaturesInAnyBatch) {
  const VisionTransformer model = Model();
  const InferenceModel inference(&model);
  const at::Tensor images = Images(), all = inference.Features(images);
  for (int64_t i = 0; i < images.size(0); ++i) {
    EXPECT_LT(Error(inference.Features(images.narrow(0, i, 1)), all.narrow(0, i, 1)), 1e-5) << i;
  }
  EXPECT_LT(Error(inference.Classify(all), Expected()), 1e-5);
}

// Each computes images of its own, and all of them those that are left over.
TEST_P(InferenceModelTest, IsTheModelOnManyThreads) {
  const VisionTransformer model = Model();
  const InferenceModel inference(&model);
  const int threads = at::get_num_threads();
  for (const int count : {2, 3, 20}) {
    at::set_num_threads(count);
    EXPECT_LT(Error(inference.Forward(Images()), Expected()), 1e-5) << count;
  }
  at::set_num_threads(threads);
}

TEST_P(InferenceModelTest, ThreadsGetTheSameBits) {
  const VisionTransformer model = Model();
  const InferenceModel inference(&model);
  const at::Tensor images = Images().narrow(0, 0, 3), expected = inference.Forward(images);
  std::vector<at::Tensor> results(4);
  std::vector<std::thread> threads;
  for (at::Tensor& result : results) {
    threads.emplace_back([&] { result = inference.Forward(images); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const at::Tensor& result : results) EXPECT_TRUE(result.equal(expected));
}

}  // namespace
}  // namespace vitrine
