#include "base/parallel/gloo_transport.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/full.h"
#include "ATen/ops/sin.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/parallel/connect.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/listener.h"
#include "base/parallel/loopback_ranks.h"
#include "base/parallel/process_group.h"
#include "base/parallel/tree_sum.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr milliseconds kLong{60'000}, kShort{1500};

at::Tensor Term(int rank) { return at::sin(at::arange(10'007, at::kFloat) * (rank + 1.37)); }

TEST(GlooTransportTest, SumsAreThoseOfTheTree) {
  for (const int size : {2, 3, 4, 8}) {
    std::vector<at::Tensor> terms;
    for (int rank = 0; rank < size; ++rank) terms.push_back(Term(rank));
    AddInTree(terms, 0);
    const at::Tensor expected = terms[0];
    const auto statuses = OnLoopback(size, kLong, [&](ProcessGroup& group) -> absl::Status {
      for (int i = 0; i < 3; ++i) {
        const at::Tensor flat = Term(group.rank());
        const absl::Status status = group.SumInTree(flat);
        if (!status.ok()) return status;
        if (!flat.view(at::kInt).equal(expected.view(at::kInt))) return absl::DataLossError("");
      }
      return group.Barrier();
    });
    for (const absl::Status& status : statuses) EXPECT_OK(status) << size;
  }
}

TEST(GlooTransportTest, TextsOfAnyLengthArrive) {
  const std::vector<std::string> texts = {"", std::string("a\0b", 3), std::string(1 << 20, 'x')};
  const auto statuses = OnLoopback(3, kLong, [&](ProcessGroup& group) {
    const auto gathered = group.AllGather(texts[group.rank()]);
    EXPECT_OK(gathered);
    EXPECT_EQ(gathered.value_or(std::vector<std::string>()), texts);
    return group.Barrier();
  });
  for (const absl::Status& status : statuses) EXPECT_OK(status);
}

TEST(GlooTransportTest, RanksThatNeverCameAreNamed) {
  const Listener listener = ListenOnLoopback().value();
  EXPECT_THAT(ConnectByGloo(LoopbackPlace(0, 3, listener.port, listener.fd), kShort),
              Fails(absl::StatusCode::kDeadlineExceeded,
                    StartsWith("rank 0: ranks 1, 2 of 3 did not come within 1.5s; see what")));
}

TEST(GlooTransportTest, PortInUseIsNamed) {
  const Listener other = ListenOnLoopback().value();
  EXPECT_THAT(ConnectByGloo(LoopbackPlace(0, 2, other.port), kShort),
              Fails(absl::StatusCode::kUnavailable, absl::StrCat("rank 0: port ", other.port,
                                                                 " is in use on this machine; set "
                                                                 "MASTER_PORT to a free one")));
  close(other.fd);
}

TEST(GlooTransportTest, NobodyToMeetIsNamed) {
  const Listener closed = ListenOnLoopback().value();
  close(closed.fd);
  EXPECT_THAT(ConnectByGloo(LoopbackPlace(1, 2, closed.port), kShort),
              Fails(absl::StatusCode::kUnavailable,
                    AllOf(StartsWith(absl::StrCat(
                              "rank 1: rank 0 does not answer at 127.0.0.1 port ", closed.port)),
                          HasSubstr("is it started"))));
}

TEST(GlooTransportTest, UnknownNameIsNamed) {
  LaunchEnvironment place = LoopbackPlace(1, 2, 29500);
  place.master_address = "no-such-machine.invalid";  // RFC 2606: never resolves
  EXPECT_THAT(
      ConnectByGloo(place, kShort),
      Fails(absl::StatusCode::kUnavailable,
            StartsWith("rank 1: the name no-such-machine.invalid of rank 0's machine does not")));
}

TEST(GlooTransportTest, UnknownInterfaceIsNamed) {
  ASSERT_EQ(setenv("GLOO_SOCKET_IFNAME", "no-such-if", 1), 0);
  const auto statuses = OnLoopback(2, kShort, [](ProcessGroup&) { return absl::OkStatus(); });
  ASSERT_EQ(unsetenv("GLOO_SOCKET_IFNAME"), 0);
  // Whoever comes second may miss the store of the first.
  EXPECT_THAT(statuses,
              Contains(Fails(absl::StatusCode::kUnavailable,
                             AllOf(HasSubstr("over no-such-if"), HasSubstr("set GLOO_SOCKET")))));
  for (const absl::Status& status : statuses) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  }
}

TEST(GlooTransportTest, TwoOfOneRankAreRefused) {
  const Listener listener = ListenOnLoopback().value();
  absl::Status first;
  std::thread rank0([&] {
    first = ConnectByGloo(LoopbackPlace(0, 3, listener.port, listener.fd), 2 * kShort).status();
  });
  absl::Status statuses[2];
  std::thread rank1(
      [&] { statuses[0] = ConnectByGloo(LoopbackPlace(1, 3, listener.port), kShort).status(); });
  statuses[1] = ConnectByGloo(LoopbackPlace(1, 3, listener.port), kShort).status();
  rank0.join();
  rank1.join();
  EXPECT_THAT(first, Fails(absl::StatusCode::kDeadlineExceeded, HasSubstr("rank 2 of 3")));
  EXPECT_THAT(absl::StrCat(statuses[0].message(), statuses[1].message()),
              HasSubstr("rank 1: another process is this rank already; end those"));
}

TEST(GlooTransportTest, OtherNumbersOfRanksAreRefused) {
  const Listener listener = ListenOnLoopback().value();
  absl::Status first;
  std::thread rank0([&] {
    first = ConnectByGloo(LoopbackPlace(0, 2, listener.port, listener.fd), kShort).status();
  });
  const absl::Status second = ConnectByGloo(LoopbackPlace(1, 3, listener.port), kShort).status();
  rank0.join();
  EXPECT_THAT(absl::StrCat(first.message(), second.message()), HasSubstr("start all of them with"));
}

// ---- processes that are ended or stopped

constexpr char kPlace[] = "GLOO_TRANSPORT_TEST_PLACE";  // "<rank> <size> <port> <milliseconds>"

// A rank of the tests that follow, which sums until it fails.
TEST(GlooTransportTest, DISABLED_SumsUntilItFails) {
  int rank = 0, size = 0, port = 0, timeout = 0;
  ASSERT_EQ(sscanf(getenv(kPlace), "%d %d %d %d", &rank, &size, &port, &timeout), 4);
  auto group = Connect(LoopbackPlace(rank, size, port), milliseconds(timeout));
  absl::Status status = group.status();
  for (int64_t i = 0; status.ok(); ++i) {
    status = (*group)->SumInTree(at::full({100'000}, 1.0f));
    if (i == 3) std::cout << "sums" << std::endl;
  }
  std::cout << "ends: " << status.message() << std::endl;
  _exit(7);
}

ChildProcess StartRank(int rank, int size, int port, milliseconds timeout) {
  const std::string place = absl::StrCat(rank, " ", size, " ", port, " ", timeout.count());
  setenv(kPlace, place.c_str(), 1);
  return ChildProcess::Start({"/proc/self/exe", "--gtest_also_run_disabled_tests",
                              "--gtest_filter=*.DISABLED_SumsUntilItFails"})
      .value();
}

class Ranks {
 public:
  // All of them add when it returns.
  Ranks(int size, milliseconds timeout) {
    const Listener free = ListenOnLoopback().value();
    close(free.fd);
    for (int rank = 0; rank < size; ++rank) {
      ranks_.push_back(StartRank(rank, size, free.port, timeout));
    }
    for (int i = 0; i < size; ++i) {
      while (!IsSumming(i)) std::this_thread::sleep_for(milliseconds(10));
    }
  }

  ChildProcess& operator[](int rank) { return ranks_[rank]; }

  void ExpectEnd(int rank, const std::string& message) {
    EXPECT_EQ(ranks_[rank].Wait(), 7);
    EXPECT_THAT(ranks_[rank].Out(), HasSubstr(absl::StrCat("ends: rank ", rank, message)));
  }

 private:
  bool IsSumming(int rank) const {
    const std::string out = ranks_[rank].Out();
    EXPECT_THAT(out, testing::Not(HasSubstr("ends")));
    return testing::Test::HasFailure() || out.find("sums") != out.npos;
  }

  std::vector<ChildProcess> ranks_;
};

TEST(GlooTransportTest, AKilledRankEndsTheOthers) {
  for (const int killed : {0, 1, 2}) {
    Ranks ranks(3, kLong);
    ranks[killed].Signal(SIGKILL);
    EXPECT_EQ(ranks[killed].Wait(), 128 + SIGKILL);
    for (int rank = 0; rank < 3; ++rank) {
      if (rank != killed) ranks.ExpectEnd(rank, ": lost the connection to rank");
    }
  }
}

// While it waits for the third.
TEST(GlooTransportTest, AStoreThatVanishesIsNamed) {
  const Listener free = ListenOnLoopback().value();
  close(free.fd);
  ChildProcess rank0 = StartRank(0, 3, free.port, kLong);
  absl::Status status;
  std::thread rank1(
      [&] { status = ConnectByGloo(LoopbackPlace(1, 3, free.port), kLong).status(); });
  std::this_thread::sleep_for(kShort);
  rank0.Signal(SIGKILL);
  rank1.join();
  EXPECT_EQ(rank0.Wait(), 128 + SIGKILL);
  EXPECT_THAT(status, Fails(absl::StatusCode::kUnavailable,
                            AnyOf(StartsWith("rank 1: lost the store of rank 0"),
                                  StartsWith("rank 1: rank 0 does not answer"))));
}

TEST(GlooTransportTest, AStoppedRankEndsTheOthersAfterTheTimeout) {
  Ranks ranks(2, kShort);
  ranks[1].Signal(SIGSTOP);
  ranks.ExpectEnd(0, ": rank 1 did not answer within 1.5s; it is stopped, cut off or busy");
  ranks[1].Signal(SIGCONT);
  ranks.ExpectEnd(1, ": ");
}

}  // namespace
}  // namespace vitrine
