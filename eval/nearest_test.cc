// Nearest neighbours by hand, and against testdata/generate_knn.py, which works in double precision
// and on one query at a time.

#include "eval/nearest.h"

#include <cmath>
#include <limits>
#include <string>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "base/tensors/safetensors.h"
#include "base/tensors/tensor_map.h"
#include "eval/embedded_knn_values.h"
#include "eval/evaluator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

class NearestTest : public EachDevice {
 protected:
  at::Tensor Rows(int64_t count, int64_t width, uint64_t seed) const {
    return at::empty({count, width})
        .normal_(0, 1, at::detail::createCPUGenerator(seed))
        .to(device_);
  }
};
INSTANTIATE_ON_EACH_DEVICE(NearestTest);

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Of whole numbers, so that sums are exact and many are equal.
at::Tensor WholeRows(int64_t count, int64_t width, uint64_t seed) {
  return at::empty({count, width}).random_(-2, 3, at::detail::createCPUGenerator(seed));
}

TEST_P(NearestTest, AgreesWithAnotherImplementation) {
  ASSERT_OK_AND_ASSIGN(const TensorMap golden,
                       ParseSafetensors(std::string(EmbeddedKnnValues()[0].contents)));
  const at::Tensor memory = ToUnitLength(golden.at("memory").to(device_));
  const at::Tensor queries = ToUnitLength(golden.at("queries").to(device_));
  const Neighbours near = FindNearest(memory, queries, 20);
  EXPECT_TRUE(near.index.equal(golden.at("index")));
  EXPECT_LT(LargestDifference(near.similarity, golden.at("similarity")), 1e-6);
  const struct {
    std::string name;
    int64_t k;
    double temperature;
  } settings[] = {{"k20", 20, 0.07}, {"k5", 5, 0.07}, {"k1", 1, 0.07}, {"all", 90, 1}};
  for (const auto& [name, k, temperature] : settings) {
    const at::Tensor votes =
        Vote(FindNearest(memory, queries, k), golden.at("labels"), 7, temperature);
    const at::Tensor shares = votes / votes.sum(1, /*keepdim=*/true);
    EXPECT_LT(LargestDifference(shares, golden.at("votes/" + name)), 1e-5) << name;
    const at::Tensor truths = golden.at("truths");
    const at::Tensor ranks = Ranks(votes, truths);
    const at::Tensor has_vote = votes.gather(1, truths.unsqueeze(1)).squeeze(1) > 0;
    const at::Tensor correct = golden.at("correct/" + name);
    EXPECT_EQ((ranks < 1).sum().item<int64_t>(), correct[0].item<int64_t>()) << name;
    EXPECT_EQ(((ranks < 5) & has_vote).sum().item<int64_t>(), correct[1].item<int64_t>()) << name;
  }
}

// Whatever the blocks, also of rows that are equal: exactly, as the sums are.
TEST_P(NearestTest, BlocksDecideNothing) {
  const at::Tensor memory = WholeRows(101, 3, 1).to(device_);
  const at::Tensor queries = WholeRows(23, 3, 2).to(device_);
  const Neighbours whole = FindNearest(memory, queries, 40, {.queries = 1000, .memory = 1000});
  for (const NearestBlocks& blocks :
       {NearestBlocks{1, 1}, NearestBlocks{7, 10}, NearestBlocks{23, 101}, NearestBlocks{5, 100}}) {
    const Neighbours parts = FindNearest(memory, queries, 40, blocks);
    EXPECT_TRUE(parts.index.equal(whole.index)) << blocks.queries << ", " << blocks.memory;
    EXPECT_TRUE(parts.similarity.equal(whole.similarity));
  }
}

TEST_P(NearestTest, OfRandomRowsBlocksDecideRoundingAlone) {
  const at::Tensor memory = ToUnitLength(Rows(300, 40, 1)), queries = ToUnitLength(Rows(50, 40, 2));
  const Neighbours whole = FindNearest(memory, queries, 20);
  const Neighbours parts = FindNearest(memory, queries, 20, {.queries = 9, .memory = 17});
  EXPECT_LT(LargestDifference(parts.similarity, whole.similarity), 1e-6);
}

TEST_P(NearestTest, OfEquallyNearOnesTheFirstComesFirst) {
  const at::Tensor memory = at::tensor({0.F, 1.F, 1.F, 0.F, 0.F, 1.F, 0.F, 1.F}).view({4, 2});
  const at::Tensor query = at::tensor({0.F, 1.F}).view({1, 2});
  for (const int64_t block : {1, 2, 4}) {
    const Neighbours near = FindNearest(memory.to(device_), query.to(device_), 4, {1, block});
    EXPECT_TRUE(near.index.equal(at::tensor({0, 2, 3, 1}, at::kLong).view({1, 4}))) << block;
    const Neighbours two = FindNearest(memory.to(device_), query.to(device_), 2, {1, block});
    EXPECT_TRUE(two.index.equal(at::tensor({0, 2}, at::kLong).view({1, 2}))) << block;
  }
}

TEST_P(NearestTest, LengthsDoNotMatter) {
  const at::Tensor rows = Rows(6, 5, 3);
  for (const double factor : {1e-30, 0.5, 7.0, 1e30}) {
    EXPECT_LT(LargestDifference(ToUnitLength(rows * factor).cpu(), ToUnitLength(rows).cpu()), 1e-6)
        << factor;
  }
  EXPECT_LT(LargestDifference(ToUnitLength(rows).pow(2).sum(1).cpu(), at::ones({6})), 1e-6);
}

TEST_P(NearestTest, ZeroIsEquallyFarFromAll) {
  const at::Tensor zero = at::zeros({1, 5}).to(device_);
  EXPECT_TRUE(ToUnitLength(zero).equal(zero));
  const at::Tensor memory = ToUnitLength(Rows(4, 5, 3));
  const Neighbours near = FindNearest(memory, zero, 3);
  EXPECT_TRUE(near.similarity.equal(at::zeros({1, 3})));
  EXPECT_TRUE(near.index.equal(at::tensor({0, 1, 2}, at::kLong).view({1, 3})));
}

// exp(0.9 / 0.1) and two of exp(0.8 / 0.1): the nearer one outweighs both.
TEST(VoteTest, NearerOnesCountMore) {
  const Neighbours near = {.similarity = at::tensor({0.9F, 0.8F, 0.8F}).view({1, 3}),
                           .index = at::tensor({4, 0, 2}, at::kLong).view({1, 3})};
  const at::Tensor labels = at::tensor({1, 9, 1, 9, 3}, at::kLong);
  const at::Tensor votes = Vote(near, labels, 10, 0.1);
  EXPECT_NEAR(votes[0][3].item<double>(), 1, 1e-12);
  EXPECT_NEAR(votes[0][1].item<double>(), 2 * std::exp(-1.0), 1e-6);
  EXPECT_EQ(votes.sum().item<double>(), (votes[0][1] + votes[0][3]).item<double>());
  EXPECT_GT(Vote(near, labels, 10, 1)[0][1].item<double>(), 1) << "warmer, two outweigh one";
}

TEST(VoteTest, NoTemperatureOverflows) {
  const Neighbours near = {.similarity = at::tensor({1.F, -1.F}).view({1, 2}),
                           .index = at::tensor({0, 1}, at::kLong).view({1, 2})};
  const at::Tensor labels = at::tensor({0, 1}, at::kLong);
  for (const double temperature : {1e-300, 1e-3, 1e300, std::numeric_limits<double>::max()}) {
    const at::Tensor votes = Vote(near, labels, 2, temperature);
    EXPECT_TRUE(votes.isfinite().all().item<bool>()) << temperature;
    EXPECT_EQ(votes[0][0].item<double>(), 1) << temperature;
  }
}

}  // namespace
}  // namespace vitrine
