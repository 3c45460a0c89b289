#include "base/tensors/npy.h"

#include <cstring>
#include <string>

#include "ATen/ops/arange.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

// What numpy.save(..., numpy.arange(6, dtype=numpy.float32).reshape(2, 3)) writes, numpy 2.4.6.
TEST(NpyBytesTest, IsWhatNumpyWrites) {
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.resize(127, ' ');
  expected += '\n';
  for (int i = 0; i < 6; ++i) {
    const float value = static_cast<float>(i);
    char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    expected.append(bytes, sizeof(bytes));
  }
  EXPECT_EQ(NpyBytes(at::arange(6, at::kFloat).reshape({2, 3})), expected);
}

TEST(NpyBytesTest, OtherTypesAndLayoutsBecomeFloatInOrder) {
  const at::Tensor tensor = at::arange(6, at::kDouble).reshape({3, 2}).t();
  EXPECT_EQ(NpyBytes(tensor), NpyBytes(tensor.contiguous().to(at::kFloat)));
  EXPECT_THAT(NpyBytes(at::arange(5)), HasSubstr("(5,)"));
}

}  // namespace
}  // namespace vitrine
