#include "vit/dropout/dropout_keys.h"

#include <vector>

#include "ATen/ops/tensor.h"
#include "gtest/gtest.h"
#include "vit/dropout/dropout_mask.h"

namespace vitrine {
namespace {

std::vector<uint64_t> Draw(DropoutKeys keys, int count) {
  std::vector<uint64_t> values;
  for (int i = 0; i < count; ++i) values.push_back(keys.Draw().value);
  return values;
}

at::Tensor Mask(const DropoutKey& key) { return DropoutMask({100}, 0.5, key, at::kFloat); }

TEST(DropoutKeysTest, DependOnTheSeedAlone) {
  EXPECT_EQ(Draw(DropoutKeys(1), 3), Draw(DropoutKeys(1), 3));
  EXPECT_NE(Draw(DropoutKeys(1), 3), Draw(DropoutKeys(2), 3));
}

TEST(DropoutKeysTest, ACopySharesThePlaceAndACloneDoesNot) {
  const std::vector<uint64_t> all = Draw(DropoutKeys(1), 3);
  DropoutKeys keys(1);
  DropoutKeys copy = keys;
  EXPECT_EQ(keys.Draw().value, all[0]);
  DropoutKeys clone = keys.Clone();
  EXPECT_EQ(copy.Draw().value, all[1]);
  EXPECT_EQ(keys.Draw().value, all[2]);
  EXPECT_EQ(keys.drawn(), 3);
  EXPECT_EQ(clone.Draw().value, all[1]);
  EXPECT_EQ(clone.drawn(), 2);
}

// What a recorded step relies on.
TEST(DropoutKeysTest, KeysInATensorAreReadWhenAMaskIsComputed) {
  const at::Tensor tensor = at::tensor({7, 8}, at::kLong);
  DropoutKeys keys(tensor);
  DropoutKeys clone = keys.Clone();
  const DropoutKey first = keys.Draw(), second = keys.Draw();
  EXPECT_TRUE(Mask(first).equal(Mask({.value = 7})));
  EXPECT_TRUE(Mask(second).equal(Mask({.value = 8})));
  tensor[0] = 9;
  EXPECT_TRUE(Mask(first).equal(Mask({.value = 9})));
  EXPECT_TRUE(Mask(clone.Draw()).equal(Mask(first)));
}

TEST(DropoutKeysDeathTest, DrawsNoMoreThanThereAre) {
  DropoutKeys keys(at::tensor({7}, at::kLong));
  keys.Draw();
  EXPECT_DEATH(keys.Draw(), "drops more often than it has keys");
}

}  // namespace
}  // namespace vitrine
