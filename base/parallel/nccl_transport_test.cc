#include "base/parallel/nccl_transport.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "base/parallel/agreement.h"
#include "base/parallel/nccl.h"
#include "base/parallel/thread_group.h"
#include "base/parallel/transport.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Without a GPU: what is asked of NCCL, of a library in its place whose memory is the CPU's.
namespace vitrine {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::minutes kTimeout{1};

Nccl Fake() { return OpenNccl("base/parallel/libfake_nccl.so").value(); }

// Numbers whose sums are rounded otherwise in other orders.
at::Tensor Term(int rank, int64_t length) {
  at::Tensor term = at::empty({length}, at::kFloat);
  float* const values = term.mutable_data_ptr<float>();
  for (int64_t i = 0; i < length; ++i) values[i] = 1e-3f * (i % 17 + 1) * (rank * rank * 97 + 1);
  return term;
}

void Connect(ProcessGroup& group) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Transport> transport,
                       ConnectByNccl(Fake(), group, kTimeout));
  EXPECT_EQ(transport->rank(), group.rank());
  EXPECT_EQ(transport->size(), group.size());
  group.UseFor(at::kCPU, std::move(transport));
}

TEST(NcclTransportTest, SumsAreThoseOfTheOtherTransport) {
  for (const int size : {2, 3, 4, 8}) {
    RunOnThreads(size, [](ProcessGroup& group) {
      std::vector<at::Tensor> expected, sums;
      for (const int64_t length : {0, 1, 5, 64, 10'007}) {
        expected.push_back(Term(group.rank(), length));
        ASSERT_OK(group.SumInTree(expected.back()));
      }
      Connect(group);
      std::vector<PendingSum> pending;
      for (const at::Tensor& tensor : expected) {
        sums.push_back(Term(group.rank(), tensor.numel()));
        pending.push_back(group.StartSum(sums.back()));
      }
      ASSERT_OK(group.Barrier());  // goes another way meanwhile
      for (size_t i = 0; i < sums.size(); ++i) {
        ASSERT_OK(pending[i].Wait());
        EXPECT_TRUE(sums[i].view(at::kInt).equal(expected[i].view(at::kInt)));
      }
    });
  }
}

TEST(NcclTransportTest, ARankThatFailsEndsTheOthersWait) {
  RunOnThreads(2, [](ProcessGroup& group) {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<Transport> transport,
                         ConnectByNccl(Fake(), group, kTimeout));
    const int peer = 1 - group.rank();
    const at::Tensor bytes = Term(0, 4), fewer = Term(0, 3);
    // Rank 1 expects fewer bytes than come, fails and aborts; rank 0 then waits for more.
    const absl::Status first = group.rank() == 0 ? transport->Exchange({{peer, bytes}}, {})
                                                 : transport->Exchange({}, {{peer, fewer}});
    if (group.rank() == 1) {
      EXPECT_THAT(first, Fails(absl::StatusCode::kUnavailable,
                               HasSubstr("rank 1: NCCL failed (invalid usage); NCCL_DEBUG=WARN")));
      return;
    }
    ASSERT_OK(first);
    EXPECT_THAT(transport->Exchange({}, {{peer, bytes}}),
                Fails(absl::StatusCode::kUnavailable, HasSubstr("remote process exited")));
  });
}

TEST(NcclTransportTest, ARankThatDoesNotComeIsNotAwaitedForEver) {
  RunOnThreads(2, [](ProcessGroup& group) {
    if (group.rank() == 1) {
      ASSERT_OK(FromRankZero(&group, [] { return ""; }).status());  // hears the identifier
      return;
    }
    EXPECT_THAT(ConnectByNccl(Fake(), group, std::chrono::milliseconds(50)).status(),
                Fails(absl::StatusCode::kDeadlineExceeded,
                      HasSubstr("rank 0: another rank did not answer over NCCL within 50ms")));
  });
}

TEST(NcclTest, SaysWhatCannotBeOpened) {
  EXPECT_THAT(OpenNccl("libabsent_nccl.so").status(),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("NCCL cannot be opened (")));
  EXPECT_THAT(OpenNccl("libm.so.6").status(),
              Fails(absl::StatusCode::kFailedPrecondition,
                    HasSubstr("NCCL has no ncclGetErrorString; it needs 2.7 or newer")));
}

}  // namespace
}  // namespace vitrine
