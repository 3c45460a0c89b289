#include "base/tensors/side_stream.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using SideStreamTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(SideStreamTest);

// Of the numbers from 0 to 99 as batches, each copied while the sum of those before is computed and
// dropped as soon as the next one comes.
TEST_P(SideStreamTest, WhatFollowsFindsTheResults) {
  constexpr int64_t kSize = 1 << 18;
  SideStream stream(device_);
  at::Tensor total = at::full({kSize}, 0, at::TensorOptions(device_).dtype(at::kLong));
  for (int64_t i = 0; i < 100; ++i) {
    const at::Tensor batch =
        at::empty({kSize}, at::TensorOptions(at::kLong).pinned_memory(device_.is_cuda())).fill_(i);
    at::Tensor there;
    stream.Run([&] {
      there = batch.to(device_, /*non_blocking=*/true);
      return std::vector<at::Tensor>{there, {}};
    });
    total += there;
  }
  EXPECT_TRUE(total.eq(99 * 100 / 2).all().item<bool>());
}

}  // namespace
}  // namespace vitrine
