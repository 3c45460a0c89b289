#include "base/parallel/nccl_transport.h"

#include <cstring>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/parallel/agreement.h"
#include "base/status_macros.h"
#include "c10/core/Stream.h"
#include "c10/core/impl/VirtualGuardImpl.h"

namespace vitrine {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kPoll{20};

absl::Status TimeoutError(int rank, milliseconds timeout) {
  return absl::DeadlineExceededError(
      absl::StrCat("rank ", rank, ": another rank did not answer over NCCL within ",
                   absl::FormatDuration(absl::FromChrono(timeout)),
                   "; see what the others printed, then start all ranks again"));
}

absl::Status ErrorOf(const Nccl& nccl, int rank, int result) {
  if (result == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("rank ", rank, ": NCCL failed (", nccl.GetErrorString(result),
                   "); NCCL_DEBUG=WARN says more, and --gpu_exchange=gloo does without it"));
}

class NcclTransport : public Transport {
 public:
  NcclTransport(const Nccl& nccl, int rank, int size, Nccl::Communicator communicator,
                milliseconds timeout)
      : nccl_(nccl), rank_(rank), size_(size), communicator_(communicator), timeout_(timeout) {}

  ~NcclTransport() override {
    if (communicator_ != nullptr) nccl_.CommDestroy(communicator_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  absl::Status Exchange(const std::vector<Message>& sent,
                        const std::vector<Message>& received) override {
    if (sent.empty() && received.empty()) return absl::OkStatus();
    const at::Device device = (sent.empty() ? received : sent).front().tensor.device();
    const c10::Stream stream = c10::impl::VirtualGuardImpl(device.type()).getStream(device);
    absl::Status status = Begin(sent, received, device.is_cpu() ? nullptr : stream.native_handle());
    if (status.ok()) status = Await(stream);
    // Or the GPU would wait for ever, and with it the end of this process.
    if (!status.ok()) nccl_.CommAbort(std::exchange(communicator_, nullptr));
    return status;
  }

 private:
  absl::Status Begin(const std::vector<Message>& sent, const std::vector<Message>& received,
                     void* stream) {
    RETURN_IF_ERROR(ErrorOf(nccl_, rank_, nccl_.GroupStart()));
    int result = 0;
    for (const auto& [peer, tensor] : sent) {
      if (result != 0) break;
      result = nccl_.Send(tensor.const_data_ptr(), tensor.nbytes(), Nccl::kByte, peer,
                          communicator_, stream);
    }
    for (const auto& [peer, tensor] : received) {
      if (result != 0) break;
      result = nccl_.Recv(tensor.mutable_data_ptr(), tensor.nbytes(), Nccl::kByte, peer,
                          communicator_, stream);
    }
    const int end = nccl_.GroupEnd();
    return ErrorOf(nccl_, rank_, result != 0 ? result : end);
  }

  // The calls above only ask the GPU.
  absl::Status Await(const c10::Stream& stream) {
    const c10::impl::VirtualGuardImpl gpu(stream.device_type());
    const auto deadline = Clock::now() + timeout_;
    while (!gpu.queryStream(stream)) {
      int result = 0;
      nccl_.CommGetAsyncError(communicator_, &result);
      if (result != Nccl::kInProgress) RETURN_IF_ERROR(ErrorOf(nccl_, rank_, result));
      if (Clock::now() > deadline) return TimeoutError(rank_, timeout_);
      std::this_thread::sleep_for(kPoll);
    }
    return absl::OkStatus();
  }

  const Nccl nccl_;
  const int rank_, size_;
  Nccl::Communicator communicator_;  // null after an error
  const milliseconds timeout_;
};

// Of rank 0, on all.
absl::StatusOr<NcclUniqueId> SharedId(const Nccl& nccl, ProcessGroup& group) {
  const auto make = [&]() -> absl::StatusOr<std::string> {
    NcclUniqueId id;
    RETURN_IF_ERROR(ErrorOf(nccl, 0, nccl.GetUniqueId(&id)));
    return std::string(id.bytes, sizeof(id.bytes));
  };
  ASSIGN_OR_RETURN(const std::string bytes, FromRankZero(&group, make));
  NcclUniqueId id;
  std::memcpy(id.bytes, bytes.data(), sizeof(id.bytes));
  return id;
}

struct Made {
  int result = 0;
  Nccl::Communicator communicator = nullptr;
};

// Waits for all ranks, on a thread that is left behind if one never comes.
std::optional<Made> MakeCommunicator(const Nccl& nccl, int rank, int size, const NcclUniqueId& id,
                                     milliseconds timeout) {
  std::packaged_task<Made()> make([=] {
    Made made;
    made.result = nccl.CommInitRank(&made.communicator, size, id, rank);
    return made;
  });
  std::future<Made> made = make.get_future();
  std::thread(std::move(make)).detach();
  if (made.wait_for(timeout) != std::future_status::ready) return std::nullopt;
  return made.get();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> ConnectByNccl(const Nccl& nccl, ProcessGroup& group,
                                                         milliseconds timeout) {
  const int rank = group.rank(), size = group.size();
  ASSIGN_OR_RETURN(const NcclUniqueId id, SharedId(nccl, group));
  const std::optional<Made> made = MakeCommunicator(nccl, rank, size, id, timeout);
  if (!made) return TimeoutError(rank, timeout);
  RETURN_IF_ERROR(ErrorOf(nccl, rank, made->result));
  return std::make_unique<NcclTransport>(nccl, rank, size, made->communicator, timeout);
}

}  // namespace vitrine
