#include "base/parallel/exchange_group.h"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/parallel/single_process.h"
#include "base/parallel/thread_group.h"
#include "base/parallel/transport.h"
#include "base/parallel/tree_sum.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

const std::vector<int> kSizes = {1, 2, 3, 4, 5, 8};

// What a rank adds: other orders of additions round otherwise.
at::Tensor Term(int rank, int64_t length) {
  at::Tensor term = at::empty({length}, at::kFloat);
  float* const values = term.mutable_data_ptr<float>();
  for (int64_t i = 0; i < length; ++i) {
    values[i] = std::pow(-1.7f, (rank * 7 + i) % 19) * (1 + i % 13 / 7.0f);
  }
  return term;
}

// On one process.
at::Tensor Expected(int size, int64_t length) {
  std::vector<at::Tensor> terms;
  for (int rank = 0; rank < size; ++rank) terms.push_back(Term(rank, length));
  AddInTree(terms, 0);
  return terms[0];
}

bool IsSame(const at::Tensor& a, const at::Tensor& b) {
  return a.view(at::kInt).equal(b.view(at::kInt));
}

TEST(ExchangeGroupTest, SumsAreThoseOfTheTree) {
  for (const int size : kSizes) {
    for (const int64_t length : {0, 1, 2, 3, 7, 64, 10'007}) {
      RunOnThreads(size, [&](ProcessGroup& group) {
        const at::Tensor flat = Term(group.rank(), length);
        ASSERT_OK(group.SumInTree(flat));
        EXPECT_TRUE(IsSame(flat, Expected(size, length))) << length << " on " << size;
      });
    }
  }
}

TEST(ExchangeGroupTest, PartsOfATensorAreSummedInTheirPlace) {
  RunOnThreads(3, [](ProcessGroup& group) {
    const at::Tensor whole = at::full({10}, 1.0f);
    ASSERT_OK(group.SumInTree(whole.slice(0, 2, 7)));
    EXPECT_TRUE(whole.equal(at::tensor({1.f, 1.f, 3.f, 3.f, 3.f, 3.f, 3.f, 1.f, 1.f, 1.f})));
  });
}

TEST(ExchangeGroupTest, StartedSumsComeInOrderWithOtherOperationsBetween) {
  constexpr int kSize = 4, kSums = 5;
  RunOnThreads(kSize, [](ProcessGroup& group) {
    std::vector<at::Tensor> flats;
    std::vector<PendingSum> sums;
    for (int i = 0; i < kSums; ++i) {
      flats.push_back(Term(group.rank(), 100 + i));
      sums.push_back(group.StartSum(flats.back()));
      ASSERT_OK_AND_ASSIGN(const auto rows, group.Gather({i, group.rank()}));
      for (int rank = 0; rank < kSize; ++rank) EXPECT_THAT(rows[rank], ElementsAre(i, rank));
    }
    for (int i = kSums - 1; i >= 0; --i) {
      ASSERT_OK(sums[i].Wait());
      EXPECT_TRUE(IsSame(flats[i], Expected(kSize, 100 + i)));
    }
  });
}

TEST(ExchangeGroupTest, SumsThatNobodyWaitsForAreCarriedOut) {
  RunOnThreads(2, [](ProcessGroup& group) {
    const at::Tensor flat = at::full({5}, 1.0f);
    group.StartSum(flat);
    ASSERT_OK(group.Barrier());
    EXPECT_TRUE(flat.equal(at::full({5}, 2.0f)));
  });
}

TEST(ExchangeGroupTest, BroadcastGivesTheRootsBytes) {
  for (const int size : kSizes) {
    for (int root = 0; root < size; ++root) {
      RunOnThreads(size, [&](ProcessGroup& group) {
        const float own = group.rank() + 0.5f;
        const at::Tensor floats = at::full({3, 5}, own), number = at::full({}, own, at::kDouble),
                         bit = at::full({1}, group.rank() == root, at::kBool);
        floats.set_requires_grad(true);
        for (const at::Tensor& tensor : {floats, number, bit}) {
          ASSERT_OK(group.Broadcast(tensor, root));
        }
        EXPECT_TRUE(floats.equal(at::full({3, 5}, root + 0.5f)));
        EXPECT_EQ(number.item<double>(), root + 0.5);
        EXPECT_TRUE(bit.item<bool>());
      });
    }
  }
}

TEST(ExchangeGroupTest, GathersTextsOfAnyLength) {
  const std::vector<std::string> texts = {"", std::string("a\0b", 3), std::string(100'000, 'x'),
                                          "\n"};
  RunOnThreads(4, [&](ProcessGroup& group) {
    ASSERT_OK_AND_ASSIGN(const auto gathered, group.AllGather(texts[group.rank()]));
    EXPECT_EQ(gathered, texts);
    ASSERT_OK_AND_ASSIGN(const auto nothing, group.AllGather(""));
    EXPECT_THAT(nothing, Each(""));
    EXPECT_EQ(nothing.size(), 4);
  });
}

TEST(ExchangeGroupTest, NobodyPassesABarrierAlone) {
  std::atomic<int> arrived = 0;
  RunOnThreads(4, [&](ProcessGroup& group) {
    ++arrived;
    ASSERT_OK(group.Barrier());
    EXPECT_EQ(arrived, 4);
  });
}

// Fails from the second exchange on.
class FailingTransport : public Transport {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  absl::Status Exchange(const std::vector<Message>&, const std::vector<Message>&) override {
    if (++calls_ == 1) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("failure ", calls_));
  }

 private:
  int calls_ = 0;
};

TEST(ExchangeGroupTest, TheFirstErrorStays) {
  ExchangeGroup group(std::make_unique<FailingTransport>());
  const auto fails = Fails(absl::StatusCode::kUnavailable, "failure 2");
  EXPECT_OK(group.Barrier());
  const at::Tensor flat = at::full({4}, 1.0f);
  PendingSum sum = group.StartSum(flat), next = group.StartSum(flat);
  EXPECT_THAT(sum.Wait(), fails);
  EXPECT_THAT(next.Wait(), fails);
  EXPECT_THAT(group.Barrier(), fails);
  EXPECT_THAT(group.Gather({1}), fails);
  EXPECT_THAT(group.AllGather("text"), fails);
  EXPECT_THAT(group.Broadcast(flat, 1), fails);
}

TEST(SingleProcessTest, KeepsWhatItHas) {
  SingleProcess group;
  const at::Tensor flat = at::full({3}, 2.0f);
  EXPECT_OK(group.SumInTree(flat));
  EXPECT_OK(group.StartSum(flat).Wait());
  EXPECT_OK(group.Broadcast(flat, 0));
  EXPECT_OK(group.Barrier());
  EXPECT_TRUE(flat.equal(at::full({3}, 2.0f)));
  ASSERT_OK_AND_ASSIGN(const auto texts, group.AllGather("text"));
  EXPECT_THAT(texts, ElementsAre("text"));
  ASSERT_OK_AND_ASSIGN(const auto rows, group.Gather({4, 5}));
  EXPECT_THAT(rows, ElementsAre(ElementsAre(4, 5)));
}

}  // namespace
}  // namespace vitrine
