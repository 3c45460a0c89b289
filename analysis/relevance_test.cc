#include "analysis/relevance.h"

#include "ATen/TensorOperators.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/testing.h"

namespace vitrine {
namespace {

using RelevanceTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(RelevanceTest);

// Pictures are drawn by the processor.
TEST_P(RelevanceTest, MapsAreOnTheCpuWhereverTheModelIs) {
  const VisionTransformer model = MakeModel(SmallConfig());
  const at::Tensor images = RandomImages(3, SmallConfig());
  at::Tensor last;
  for (const char* name : {"rollout", "last_layer", "gradient"}) {
    ASSERT_OK_AND_ASSIGN(const Method method, ParseMethod(name));
    const at::Tensor expected = ComputeRelevance(model, images, {.method = method}).maps;
    const Relevance here =
        ComputeRelevance(model.Clone(device_), images.to(device_), {.method = method});
    EXPECT_EQ(here.maps.sizes(), at::IntArrayRef({3, 2, 2})) << name;
    EXPECT_LT((here.maps - expected).abs().max().item<double>(), 1e-4) << name;
    EXPECT_LT((here.maps.sum({1, 2}) - 1).abs().max().item<double>(), 1e-5) << name;
    EXPECT_EQ(here.logits.device(), device_) << name;
    EXPECT_FALSE(last.defined() && last.equal(here.maps)) << name;
    last = here.maps;
  }
}

TEST(ParseMethodTest, OthersAreRefused) {
  EXPECT_THAT(ParseMethod("flow"),
              Fails(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("not 'flow'")));
}

}  // namespace
}  // namespace vitrine
