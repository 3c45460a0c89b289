#include "train/measure/step_flops.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

// Four patches of 4 x 4 numbers and a class token, 8 wide, an MLP 16 wide, two blocks, 3 classes.
ExperimentConfig Small() {
  ExperimentConfig config;
  config.mutable_data()->set_batch_size(10);
  ModelConfig& model = *config.mutable_model();
  model.set_image_size(8);
  model.set_channels(1);
  model.set_patch_size(4);
  model.set_num_classes(3);
  model.set_depth(2);
  model.set_heads(2);
  model.set_width(8);
  model.set_mlp_width(16);
  return config;
}

TEST(StepFlopsTest, CountsEachProductThreeTimesAndOfTheLastBlockWhatIsRead) {
  const double embedding = 4 * 16 * 8, head = 8 * 3;
  const double qkv = 5 * 3 * 8 * 8, attention = 2 * 5 * 5 * 8, projection = 5 * 8 * 8,
               mlp = 2 * 5 * 8 * 16;
  // Keys and values of all tokens, and the rest of the class token alone.
  const double last = 5 * 2 * 8 * 8 + 8 * 8 + 2 * 5 * 8 + 8 * 8 + 2 * 8 * 16;
  const double multiplications = embedding + qkv + attention + projection + mlp + last + head;
  EXPECT_EQ(StepFlops(Small()), 2 * 3 * 10 * multiplications);
}

TEST(StepFlopsTest, MeanPoolingReadsAllOfTheLastBlock) {
  ExperimentConfig config = Small();
  const double one_token = StepFlops(config);
  config.mutable_model()->set_pooling(ModelConfig::MEAN);
  EXPECT_GT(StepFlops(config), one_token);
}

}  // namespace
}  // namespace vitrine
