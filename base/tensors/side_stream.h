// Work for a GPU beside that of the current stream: the next batch while a step computes.
//
//   SideStream stream(device);
//   at::Tensor there;
//   stream.Run([&] { return std::vector{there = pinned.to(device, /*non_blocking=*/true)}; });

#ifndef BASE_TENSORS_SIDE_STREAM_H_
#define BASE_TENSORS_SIDE_STREAM_H_

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "c10/core/Event.h"
#include "c10/core/Stream.h"

namespace vitrine {

class SideStream {
 public:
  // On a CPU work is done at once.
  explicit SideStream(at::Device device) : device_(device) {}

  // Begins `work`, which returns what the current stream goes on with, if defined: what is launched
  // there from now on finds it computed. Waits for what the current stream had been given two calls
  // ago: a program that reads no result would fill the GPU's memory with batches to come.
  void Run(const std::function<std::vector<at::Tensor>()>& work);

 private:
  void KeepPace(const c10::Stream& current);

  const at::Device device_;
  std::optional<c10::Stream> stream_;  // from the first call on
  std::deque<c10::Event> calls_;       // when the current stream came to them
};

}  // namespace vitrine

#endif  // BASE_TENSORS_SIDE_STREAM_H_
