#include "train/measure/profile.h"

#include <chrono>

#include "ATen/ops/linear.h"
#include "ATen/ops/mm.h"
#include "ATen/ops/ones.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::Gt;

TEST(ProfileTest, CountsOperatorsAndTheirOwnTimeOnce) {
  const at::Tensor x = at::ones({64, 64}), weight = at::ones({64, 64}).requires_grad_(true);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<TimedKernel> kernels = Profile(at::kCPU, [&] {
    for (int i = 0; i < 3; ++i) at::linear(x, weight).sum().backward();
  });
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  double total = 0;
  for (const TimedKernel& kernel : kernels) {
    EXPECT_GE(kernel.milliseconds, 0) << kernel.name;
    total += kernel.milliseconds;
  }
  EXPECT_LE(total, wall.count());
  for (size_t i = 1; i < kernels.size(); ++i) {
    EXPECT_GE(kernels[i - 1].milliseconds, kernels[i].milliseconds);
  }
  // One product forwards and one backwards.
  EXPECT_THAT(kernels,
              Contains(AllOf(Field(&TimedKernel::name, "aten::mm"), Field(&TimedKernel::calls, 6),
                             Field(&TimedKernel::milliseconds, Gt(0)))));
}

TEST(ProfileTest, IsOfOneComputationEachTime) {
  const at::Tensor x = at::ones({4, 4});
  const auto calls = [&](int count) {
    const std::vector<TimedKernel> kernels = Profile(at::kCPU, [&] {
      for (int i = 0; i < count; ++i) at::mm(x, x);
    });
    for (const TimedKernel& kernel : kernels) {
      if (kernel.name == "aten::mm") return kernel.calls;
    }
    return int64_t{0};
  };
  EXPECT_EQ(calls(2), 2);
  EXPECT_EQ(calls(3), 3);
}

}  // namespace
}  // namespace vitrine
