#include "base/tensors/each_device.h"

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/rand.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using EachDeviceTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(EachDeviceTest);

// Whichever tests were before.
TEST_P(EachDeviceTest, DrawsAreThoseOfTheSeed) {
  EXPECT_TRUE(
      at::rand({8}).equal(at::empty({8}).uniform_(0, 1, at::detail::createCPUGenerator(0))));
}

}  // namespace
}  // namespace vitrine
