// The keys of dropout's masks, drawn one after the other by whoever drops in a pass.

#ifndef VIT_DROPOUT_DROPOUT_KEYS_H_
#define VIT_DROPOUT_DROPOUT_KEYS_H_

#include <cstdint>
#include <memory>

#include "ATen/core/Tensor.h"
#include "vit/dropout/dropout_factors.h"

namespace vitrine {

// Copies share their place in the sequence.
class DropoutKeys {
 public:
  // The same for the same seed on every machine.
  explicit DropoutKeys(uint64_t seed);

  // Those in `keys`, int64 [n], contiguous on the device that drops. A mask reads its key when it
  // is computed, so a pass that was recorded finds other keys there when it is replayed. To draw
  // more than n is a broken invariant.
  explicit DropoutKeys(const at::Tensor& keys);

  DropoutKey Draw();

  // How many have been drawn.
  int64_t drawn() const;

  // Goes on from here by itself.
  DropoutKeys Clone() const;

  struct Sequence;

 private:
  std::shared_ptr<Sequence> sequence_;
};

}  // namespace vitrine

#endif  // VIT_DROPOUT_DROPOUT_KEYS_H_
