#define USE_C10D_GLOO  // declares ProcessGroupGloo

#include "base/parallel/gloo_process_group.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/parallel/tree_sum.h"
#include "base/status_macros.h"
#include "torch/csrc/distributed/c10d/PrefixStore.hpp"
#include "torch/csrc/distributed/c10d/ProcessGroupGloo.hpp"
#include "torch/csrc/distributed/c10d/TCPStore.hpp"

namespace vitrine {
namespace {

using Store = c10::intrusive_ptr<c10d::Store>;
using Gloo = c10::intrusive_ptr<c10d::ProcessGroupGloo>;
using Work = c10::intrusive_ptr<c10d::Work>;

// The rest is a stack trace.
std::string FirstLine(const std::exception& error) {
  const std::string_view text = error.what();
  return std::string(text.substr(0, text.find('\n')));
}

bool IsTimeout(const std::exception& error) {
  const std::string text = FirstLine(error);
  return absl::StrContains(text, "imed out") || absl::StrContains(text, "imeout");
}

// A message's first bytes, and how many there are; most messages have no more.
struct Envelope {
  int64_t size = 0;
  char begin[120] = {};
};

at::Tensor Bytes(int64_t size) { return at::empty({size}, at::kByte); }

class GlooProcessGroup final : public ProcessGroup {
 public:
  GlooProcessGroup(Store store, Gloo gloo, absl::Duration timeout)
      : store_(std::move(store)), gloo_(std::move(gloo)), timeout_(timeout) {}

  int rank() const override { return gloo_->getRank(); }
  int size() const override { return gloo_->getSize(); }

  absl::Status SumInTree(const at::Tensor& numbers) override;
  absl::Status Broadcast(const at::Tensor& tensor, int root) override;
  absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) override;

 private:
  // Sends to each other process its tensor and receives one from it; contiguous, in the host's
  // memory. Those of this process itself stay where they are.
  absl::Status Exchange(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from);
  absl::Status Wait(const Work& work, int peer) const;

  const Store store_;  // whose server others may still need
  const Gloo gloo_;
  const absl::Duration timeout_;
  int tag_ = 0;
};

absl::Status GlooProcessGroup::Exchange(const std::vector<at::Tensor>& to,
                                        const std::vector<at::Tensor>& from) {
  ++tag_;
  std::vector<std::pair<int, Work>> works;
  int peer = rank();
  try {
    // Each begins with the next rank, so that not all talk to the same one.
    for (int i = 1; i < size(); ++i) {
      peer = (rank() + i) % size();
      std::vector<at::Tensor> sent{to[peer]}, received{from[peer]};
      if (from[peer].numel() > 0) works.emplace_back(peer, gloo_->recv(received, peer, tag_));
      if (to[peer].numel() > 0) works.emplace_back(peer, gloo_->send(sent, peer, tag_));
    }
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("rank ", peer, " cannot be reached: ", FirstLine(error)));
  }
  absl::Status status;
  for (const auto& [other, work] : works) status.Update(Wait(work, other));
  return status;
}

absl::Status GlooProcessGroup::Wait(const Work& work, int peer) const {
  try {
    work->wait();
    return absl::OkStatus();
  } catch (const std::exception& error) {
    if (IsTimeout(error)) {
      return absl::UnavailableError(absl::StrCat(
          "rank ", peer, " of ", size(), " has not answered for ", absl::FormatDuration(timeout_),
          "; it hangs, or the network to it is down. End it and start all again"));
    }
    return absl::UnavailableError(
        absl::StrCat("rank ", peer, " of ", size(),
                     " has ended, or the network to it is down; its own messages say why. Start "
                     "all again"));
  }
}

// Each process adds a part of the numbers, which all send to it, and sends out the sum.
absl::Status GlooProcessGroup::SumInTree(const at::Tensor& numbers) {
  const at::Tensor here = numbers.is_cpu() ? numbers : numbers.to(at::kCPU);
  const std::vector<at::Tensor> parts = here.view(-1).tensor_split(size());
  std::vector<at::Tensor> received(size());
  for (int i = 0; i < size(); ++i) {
    received[i] = i == rank() ? parts[i] : at::empty_like(parts[rank()]);
  }
  RETURN_IF_ERROR(Exchange(parts, received));
  parts[rank()].copy_(AddInTree(std::move(received)));
  RETURN_IF_ERROR(Exchange(std::vector(size(), parts[rank()]), parts));
  if (!numbers.is_cpu()) numbers.copy_(here);
  return absl::OkStatus();
}

absl::Status GlooProcessGroup::Broadcast(const at::Tensor& tensor, int root) {
  std::vector<at::Tensor> tensors{tensor};
  try {
    return Wait(gloo_->broadcast(tensors, {.rootRank = root, .rootTensor = 0}), root);
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("rank ", root, ": ", FirstLine(error)));
  }
}

absl::StatusOr<std::vector<std::string>> GlooProcessGroup::AllGather(std::string_view bytes) {
  const auto write = [](const at::Tensor& to, const void* from, size_t size) {
    std::memcpy(to.mutable_data_ptr(), from, size);
  };
  Envelope own;
  own.size = static_cast<int64_t>(bytes.size());
  std::memcpy(own.begin, bytes.data(), std::min(bytes.size(), sizeof(own.begin)));
  std::vector<at::Tensor> sent(size(), Bytes(sizeof(Envelope))), received(size());
  write(sent[0], &own, sizeof(own));
  for (at::Tensor& one : received) one = Bytes(sizeof(Envelope));
  RETURN_IF_ERROR(Exchange(sent, received));
  write(received[rank()], &own, sizeof(own));

  std::vector<std::string> all;
  bool is_whole = true;
  for (at::Tensor& one : received) {
    Envelope envelope;
    std::memcpy(&envelope, one.const_data_ptr(), sizeof(envelope));
    const size_t size = static_cast<size_t>(envelope.size);
    all.emplace_back(envelope.begin, std::min(size, sizeof(envelope.begin)));
    is_whole = is_whole && size <= sizeof(envelope.begin);
    one = Bytes(envelope.size);
  }
  if (is_whole) return all;
  std::fill(sent.begin(), sent.end(), Bytes(own.size));
  write(sent[0], bytes.data(), bytes.size());
  RETURN_IF_ERROR(Exchange(sent, received));
  write(received[rank()], bytes.data(), bytes.size());
  for (int i = 0; i < size(); ++i) {
    all[i].assign(static_cast<const char*>(received[i].const_data_ptr()), received[i].nbytes());
  }
  return all;
}

std::string Key(int rank) { return absl::StrCat("rank ", rank); }

// Who has not come, as a list of ranks.
std::string Missing(const Store& store, int size) {
  std::vector<int> missing;
  for (int rank = 0; rank < size; ++rank) {
    if (!store->check({Key(rank)})) missing.push_back(rank);
  }
  constexpr size_t kShown = 8;
  const bool is_long = missing.size() > kShown;
  if (is_long) missing.resize(kShown);
  return absl::StrCat(absl::StrJoin(missing, ", "), is_long ? " and others" : "");
}

std::string Place(const Launch& launch) { return absl::StrCat(launch.address, ":", launch.port); }

// The table through which processes find each other.
absl::StatusOr<Store> OpenStore(const Launch& launch, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(launch.port);
  options.isServer = launch.rank == 0 && !launch.has_store;
  options.numWorkers = launch.size;
  options.waitWorkers = false;
  options.timeout = timeout;
  if (launch.listening_socket >= 0) options.masterListenFd = launch.listening_socket;
  try {
    const auto tcp = c10::make_intrusive<c10d::TCPStore>(launch.address, options);
    // torchrun keeps one over restarts, and keys of an earlier attempt must not be met again.
    return c10::make_intrusive<c10d::PrefixStore>(absl::StrCat("vitrine/", launch.restarts), tcp);
  } catch (const std::exception& error) {
    if (options.isServer) {
      return absl::UnavailableError(
          absl::StrCat("rank 0 cannot listen on port ", launch.port, " (", FirstLine(error),
                       "); set MASTER_PORT to a free one, the same for all processes"));
    }
    return absl::UnavailableError(absl::StrCat(
        "rank ", launch.rank, " does not reach rank 0 at ", Place(launch), " (", FirstLine(error),
        "); check that rank 0 runs, and MASTER_ADDR and MASTER_PORT"));
  }
}

absl::StatusOr<Gloo> Join(const Store& store, const Launch& launch,
                          std::chrono::milliseconds timeout) {
  try {
    store->set(Key(launch.rank), "here");
    return c10::make_intrusive<c10d::ProcessGroupGloo>(
        store, launch.rank, launch.size, c10d::ProcessGroupGloo::Options::create_default(timeout));
  } catch (const std::exception& error) {
    std::string missing;
    try {
      missing = Missing(store, launch.size);
    } catch (const std::exception&) {
      return absl::UnavailableError(
          absl::StrCat("rank 0, at ", Place(launch), ", has ended; its own messages say why"));
    }
    if (missing.empty()) {
      return absl::UnavailableError(absl::StrCat(
          "the processes do not reach each other (", FirstLine(error),
          "); set GLOO_SOCKET_IFNAME to the network interface between them, as in eth0"));
    }
    return absl::UnavailableError(absl::StrCat("of ", launch.size,
                                               " processes these have not come "
                                               "within ",
                                               absl::FormatDuration(absl::FromChrono(timeout)),
                                               ": ", missing, "; check that all were started"));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProcessGroup>> ConnectByGloo(const Launch& launch,
                                                            absl::Duration timeout) {
  const std::chrono::milliseconds milliseconds = absl::ToChronoMilliseconds(timeout);
  ASSIGN_OR_RETURN(const Store store, OpenStore(launch, milliseconds));
  ASSIGN_OR_RETURN(Gloo gloo, Join(store, launch, milliseconds));
  return std::make_unique<GlooProcessGroup>(store, std::move(gloo), timeout);
}

}  // namespace vitrine
