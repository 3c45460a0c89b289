#include "vit/attention_kernel.h"

#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AnyOf;

using AttentionKernelTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(AttentionKernelTest);

TEST_P(AttentionKernelTest, IsAFusedOne) {
  ModelConfig config;
  config.set_width(128);
  config.set_heads(2);
  const auto options = at::TensorOptions(device_).dtype(at::kBFloat16);
  EXPECT_THAT(AttentionKernel(config, 2, options), AnyOf("flash", "cuDNN"));
}

TEST(AttentionKernelTest, SaysWhereThereIsNone) {
  ModelConfig config;
  config.set_width(128);
  config.set_heads(2);
  EXPECT_EQ(AttentionKernel(config, 2, at::kHalf), "flash");
  EXPECT_EQ(AttentionKernel(config, 2, at::kDouble), "flash");
}

}  // namespace
}  // namespace vitrine
