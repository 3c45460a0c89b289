#include "base/tensors/side_stream.h"

#include <utility>

#include "c10/core/StreamGuard.h"
#include "c10/core/impl/VirtualGuardImpl.h"

namespace vitrine {
namespace {

constexpr size_t kCallsAhead = 2;

}  // namespace

void SideStream::Run(const std::function<std::vector<at::Tensor>()>& work) {
  if (device_.is_cpu()) {
    work();
    return;
  }
  const c10::impl::VirtualGuardImpl gpu(device_.type());
  const c10::Stream current = gpu.getStream(device_);
  KeepPace(current);
  if (!stream_) stream_ = gpu.getStreamFromGlobalPool(device_);
  std::vector<at::Tensor> results;
  {
    const c10::StreamGuard on_the_side(*stream_);
    results = work();
  }
  c10::Event done(device_.type());
  done.record(*stream_);
  done.block(current);
  // Or their memory could be given to other work of this stream while the current one reads it.
  for (const at::Tensor& result : results) {
    if (result.defined()) result.record_stream(current);
  }
}

void SideStream::KeepPace(const c10::Stream& current) {
  calls_.emplace_back(device_.type());
  calls_.back().record(current);
  if (calls_.size() <= kCallsAhead) return;
  calls_.front().synchronize();
  calls_.pop_front();
}

}  // namespace vitrine
