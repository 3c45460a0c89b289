#include "base/random.h"

#include <array>
#include <cmath>
#include <set>

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(StreamKeyTest, EveryPartOfTheKeyMatters) {
  const std::set<uint64_t> keys = {
      StreamKey(0, "order"),       StreamKey(1, "order"),    StreamKey(0, "dropout"),
      StreamKey(0, "order", 1),    StreamKey(0, "order", 2), StreamKey(0, "order", 0, 1),
      StreamKey(0, "order", 1, 1), StreamKey(0, ""),         StreamKey(0, "a", 'b'),
      StreamKey(0, "ab"),
  };
  EXPECT_EQ(keys.size(), 10);
}

TEST(RandomStreamTest, SameKeySameNumbers) {
  RandomStream a(7, "order", 3), b(7, "order", 3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a(), b());
}

// Recorded: a saved run must go on with the same numbers in every later version.
TEST(RandomStreamTest, BitsStayTheSameForEver) {
  RandomStream stream(42, "stability");
  const std::array<uint64_t, 3> first = {stream(), stream(), stream()};
  const std::array<uint64_t, 3> recorded = {12518708223595829524u, 14237132645976276962u,
                                            7811292891068002703u};
  EXPECT_EQ(first, recorded);
}

TEST(RandomStreamTest, BelowIsUniform) {
  constexpr int kBound = 10, kDraws = 100'000;
  std::array<int, kBound> count{};
  RandomStream stream(1, "test");
  for (int i = 0; i < kDraws; ++i) ++count[stream.Below(kBound)];
  double chi_square = 0;
  for (const int n : count) {
    chi_square += std::pow(n - kDraws / kBound, 2) / (kDraws / kBound);
  }
  // 9 degrees of freedom: 27.9 is exceeded once in 1,000 streams, and this stream is fixed.
  EXPECT_LT(chi_square, 27.9);
}

TEST(RandomStreamTest, UniformStaysInRangeAndHasItsMean) {
  RandomStream stream(1, "test");
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = stream.Uniform();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  // The mean's standard deviation is 0.0009.
  EXPECT_NEAR(sum / 100'000, 0.5, 0.004);
}

}  // namespace
}  // namespace vitrine
