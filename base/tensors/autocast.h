// Mixed precision: matrix products in 16 bits, weights and sums in 32 (Micikevicius et al., arXiv
// 1710.03740), by libtorch's autocast.
//
//   {
//     const Autocast autocast(at::kCPU, at::kBFloat16);
//     loss = ...;                                         // forward
//   }
//   loss.backward();                                      // outside

#ifndef BASE_TENSORS_AUTOCAST_H_
#define BASE_TENSORS_AUTOCAST_H_

#include <optional>

#include "ATen/core/Tensor.h"

namespace vitrine {

// As long as it lives, operators of this thread on this kind of device compute in the type. Its end
// restores what was before and empties autocast's cache of converted weights: the cache does not
// see updates in place, and would serve the old weights in the next iteration.
class Autocast {
 public:
  // Without a type it does nothing.
  Autocast(at::DeviceType device, std::optional<at::ScalarType> type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  const at::DeviceType device_;
  const bool active_;
  bool was_enabled_ = false;
  at::ScalarType previous_type_ = at::kFloat;
};

}  // namespace vitrine

#endif  // BASE_TENSORS_AUTOCAST_H_
