// Bytes moved between the ranks of a group: all that a communication library is asked for. What is
// made of them, sums among it, is ours (exchange_group.h).

#ifndef BASE_PARALLEL_TRANSPORT_H_
#define BASE_PARALLEL_TRANSPORT_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"

namespace vitrine {

struct Message {
  int peer;           // the other rank
  at::Tensor tensor;  // contiguous, not empty, on the device that the transport is for
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Sends and receives side by side, at most one message each way for a peer. Returns once all have
  // come and what was sent may change. Every rank calls it as often; what one sends, the other
  // receives in the same call, with the same number of bytes. Nothing works after an error.
  virtual absl::Status Exchange(const std::vector<Message>& sent,
                                const std::vector<Message>& received) = 0;
};

}  // namespace vitrine

#endif  // BASE_PARALLEL_TRANSPORT_H_
