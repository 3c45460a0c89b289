#include "vit/dropout/dropout_mask.h"

#include <array>
#include <cmath>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/ones.h"
#include "base/tensors/each_device.h"
#include "gtest/gtest.h"
#include "vit/dropout/dropout_factors.h"

namespace vitrine {
namespace {

at::Tensor Mask(at::IntArrayRef shape, double probability, uint64_t seed,
                at::Device device = at::kCPU) {
  return DropoutMask(shape, probability, DropoutKey{.value = seed}, device);
}

using DropoutMaskTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(DropoutMaskTest);

TEST_P(DropoutMaskTest, DropsTheShare) {
  for (const double probability : {0.01, 0.1, 0.5, 0.99}) {
    const at::Tensor kept = Mask({1'000'000}, probability, 1, device_) != 0;
    const double deviation = std::sqrt(probability * (1 - probability) / 1e6);
    EXPECT_NEAR(kept.sum().item<double>() / 1e6, 1 - probability, 5 * deviation);
  }
}

TEST_P(DropoutMaskTest, DropsNothingForTheLeastProbability) {
  for (const double probability : {1e-20, 0x1p-54, 0x1p-33}) {
    EXPECT_TRUE(Mask({1000}, probability, 1, device_).equal(at::ones({1000}, device_)))
        << probability;
  }
}

// Elements that share a number of the stream, and neighbours that do not.
TEST_P(DropoutMaskTest, NeighboursAreIndependent) {
  const at::Tensor dropped = Mask({1'000'000}, 0.5, 2, device_) == 0;
  for (const int64_t distance : {1, 2, 3, 1024}) {
    const at::Tensor first = dropped.slice(0, 0, -distance), second = dropped.slice(0, distance);
    EXPECT_NEAR((first & second).sum().item<double>() / 1e6, 0.25, 0.0025) << distance;
  }
}

TEST(DropoutMaskTest, TheNumberOfThreadsDoesNotMatter) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = Mask({123'457}, 0.3, 3);
  at::set_num_threads(3);
  EXPECT_TRUE(Mask({123'457}, 0.3, 3).equal(one));
  at::set_num_threads(threads);
}

// A longer mask begins as a shorter one does, to the last of an odd number of elements.
TEST(DropoutMaskTest, AnElementDependsOnItsPlaceAlone) {
  const at::Tensor longer = Mask({10}, 0.5, 4);
  for (int64_t size = 0; size < 10; ++size) {
    EXPECT_TRUE(Mask({size}, 0.5, 4).equal(longer.slice(0, 0, size))) << size;
  }
}

// Whatever instructions fill it.
TEST(DropoutMaskTest, HasTheFactorsOfEachPair) {
  const DropoutFactors factors(0.3, DropoutKey{.value = 8});
  std::vector<float> filled(1001);
  factors.Fill(0, filled.size(), filled.data());
  for (size_t i = 0; i + 1 < filled.size(); i += 2) {
    std::array<float, 2> pair;
    factors.Pair(i, pair.data());
    EXPECT_EQ(filled[i], pair[0]) << i;
    EXPECT_EQ(filled[i + 1], pair[1]) << i;
  }
}

TEST_P(DropoutMaskTest, HasTheType) {
  const at::Tensor mask = DropoutMask({100}, 0.5, DropoutKey{.value = 6},
                                      at::TensorOptions(device_).dtype(at::kBFloat16));
  EXPECT_EQ(mask.scalar_type(), at::kBFloat16);
  EXPECT_EQ(mask.max().item<double>(), 2);
}

}  // namespace
}  // namespace vitrine
