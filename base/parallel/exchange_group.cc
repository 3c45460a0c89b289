#include "base/parallel/exchange_group.h"

#include <omp.h>

#include <algorithm>
#include <utility>

#include "ATen/Parallel.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_like.h"
#include "ATen/ops/from_blob.h"
#include "base/parallel/tree_sum.h"
#include "base/status_macros.h"
#include "c10/core/StreamGuard.h"
#include "c10/core/impl/VirtualGuardImpl.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// The same memory as one row of bytes.
at::Tensor AsBytes(const at::Tensor& tensor) { return tensor.view({-1}).view(at::kByte); }

at::Tensor AsBytes(std::string* text) {
  return at::from_blob(text->data(), {static_cast<int64_t>(text->size())}, at::kByte);
}

}  // namespace

ExchangeGroup::ExchangeGroup(std::unique_ptr<Transport> transport)
    : transport_(std::move(transport)), thread_([this] { CarryOut(); }) {}

ExchangeGroup::~ExchangeGroup() {
  {
    const absl::MutexLock lock(&mutex_);
    is_ending_ = true;
  }
  thread_.join();
}

std::future<absl::Status> ExchangeGroup::Start(std::function<absl::Status()> operation) {
  Operation next([this, operation = std::move(operation)] {
    if (status_.ok()) status_ = operation();
    return status_;
  });
  std::future<absl::Status> result = next.get_future();
  const absl::MutexLock lock(&mutex_);
  operations_.push_back(std::move(next));
  return result;
}

void ExchangeGroup::CarryOut() {
  at::internal::lazy_init_num_threads();  // which would undo the next line later
  omp_set_num_threads(1);
  while (std::optional<Operation> next = TakeNext()) (*next)();
}

std::optional<ExchangeGroup::Operation> ExchangeGroup::TakeNext() {
  const auto has_changed = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return is_ending_ || !operations_.empty();
  };
  const absl::MutexLock lock(&mutex_, absl::Condition(&has_changed));
  if (is_ending_) return std::nullopt;
  Operation next = std::move(operations_.front());
  operations_.pop_front();
  return next;
}

absl::Status ExchangeGroup::SumInTree(const at::Tensor& flat) { return StartSum(flat).Wait(); }

void ExchangeGroup::UseFor(at::Device device, std::unique_ptr<Transport> transport) {
  device_ = device;
  on_device_ = std::move(transport);
}

PendingSum ExchangeGroup::StartSum(const at::Tensor& flat) {
  CHECK(flat.dim() == 1 && flat.is_contiguous() && flat.scalar_type() == at::kFloat);
  const at::Tensor data = flat.detach();
  return data.device() == device_ ? StartOnDevice(data) : StartOnCpu(data);
}

PendingSum ExchangeGroup::StartOnDevice(const at::Tensor& data) {
  const c10::Stream stream = c10::impl::VirtualGuardImpl(device_->type()).getStream(*device_);
  const std::shared_future<absl::Status> sum = Start([this, data, stream] {
    const c10::StreamGuard after_what_made_it(stream);
    return Sum(data, *on_device_);
  });
  return PendingSum([sum] { return sum.get(); });
}

PendingSum ExchangeGroup::StartOnCpu(const at::Tensor& data) {
  const at::Tensor host = data.cpu();
  const std::shared_future<absl::Status> sum =
      Start([this, host] { return Sum(host, *transport_); });
  return PendingSum([sum, data, host] {
    const absl::Status status = sum.get();
    if (status.ok() && !data.is_cpu()) data.copy_(host);
    return status;
  });
}

absl::Status ExchangeGroup::Broadcast(const at::Tensor& tensor, int root) {
  CHECK(tensor.is_contiguous());
  CHECK(root >= 0 && root < size());
  const at::Tensor data = tensor.detach(), host = data.cpu(), bytes = AsBytes(host);
  RETURN_IF_ERROR(Start([&]() -> absl::Status {
                    RETURN_IF_ERROR(DealOut(bytes, root));
                    return CollectParts(bytes, *transport_);
                  }).get());
  if (!data.is_cpu()) data.copy_(host);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<int64_t>>> ExchangeGroup::Gather(
    absl::Span<const int64_t> values) {
  const int64_t length = values.size();
  const at::Tensor rows = at::empty({size(), length}, at::kLong);
  int64_t* const numbers = rows.mutable_data_ptr<int64_t>();
  std::copy(values.begin(), values.end(), numbers + rank() * length);
  RETURN_IF_ERROR(Start([&] {
                    return Exchange([&](int) { return rows[rank()]; },
                                    [&](int peer) { return rows[peer]; }, *transport_);
                  }).get());
  std::vector<std::vector<int64_t>> result;
  for (int i = 0; i < size(); ++i) {
    result.emplace_back(numbers + i * length, numbers + (i + 1) * length);
  }
  return result;
}

absl::StatusOr<std::vector<std::string>> ExchangeGroup::AllGather(std::string_view bytes) {
  const int64_t length = bytes.size();
  ASSIGN_OR_RETURN(const auto lengths, Gather({length}));
  std::vector<std::string> texts;
  for (const std::vector<int64_t>& of_rank : lengths) texts.emplace_back(of_rank[0], '\0');
  texts[rank()] = bytes;
  RETURN_IF_ERROR(Start([&] {
                    return Exchange([&](int) { return AsBytes(&texts[rank()]); },
                                    [&](int peer) { return AsBytes(&texts[peer]); }, *transport_);
                  }).get());
  return texts;
}

absl::Status ExchangeGroup::Barrier() { return Gather({0}).status(); }

// Each rank adds one part, of the pieces that all ranks have of it.
absl::Status ExchangeGroup::Sum(const at::Tensor& flat, Transport& transport) {
  std::vector<at::Tensor> pieces(size());
  for (int i = 0; i < size(); ++i) {
    pieces[i] = i == rank() ? Part(flat, i) : at::empty_like(Part(flat, rank()));
  }
  RETURN_IF_ERROR(Exchange([&](int peer) { return Part(flat, peer); },
                           [&](int peer) { return pieces[peer]; }, transport));
  AddInTree(std::move(pieces), rank());
  return CollectParts(flat, transport);
}

// Gives each rank its part of what `root` has.
absl::Status ExchangeGroup::DealOut(const at::Tensor& flat, int root) {
  return Exchange([&](int peer) { return rank() == root ? Part(flat, peer) : at::Tensor(); },
                  [&](int peer) { return peer == root ? Part(flat, rank()) : at::Tensor(); },
                  *transport_);
}

// Gives all ranks all parts.
absl::Status ExchangeGroup::CollectParts(const at::Tensor& flat, Transport& transport) {
  return Exchange([&](int) { return Part(flat, rank()); },
                  [&](int peer) { return Part(flat, peer); }, transport);
}

// With every other rank; nothing where the tensor is undefined or empty.
absl::Status ExchangeGroup::Exchange(const std::function<at::Tensor(int peer)>& sent,
                                     const std::function<at::Tensor(int peer)>& received,
                                     Transport& transport) {
  std::vector<Message> to, from;
  const auto add = [](int peer, const at::Tensor& tensor, std::vector<Message>* messages) {
    if (tensor.defined() && tensor.numel() > 0) messages->push_back({peer, tensor});
  };
  for (int i = 1; i < size(); ++i) {  // not all to the same one first
    add((rank() + i) % size(), sent((rank() + i) % size()), &to);
    add((rank() + size() - i) % size(), received((rank() + size() - i) % size()), &from);
  }
  return transport.Exchange(to, from);
}

// Parts have equal lengths, but for the last ones, which may be shorter or empty.
at::Tensor ExchangeGroup::Part(const at::Tensor& flat, int rank) const {
  const int64_t length = (flat.numel() + size() - 1) / size();
  const int64_t begin = std::min(flat.numel(), rank * length);
  return flat.slice(0, begin, std::min(flat.numel(), begin + length));
}

}  // namespace vitrine
