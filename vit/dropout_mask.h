// What dropout multiplies by (Srivastava et al., JMLR 15, 2014).

#ifndef VIT_DROPOUT_MASK_H_
#define VIT_DROPOUT_MASK_H_

#include <cstdint>
#include <utility>

#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"
#include "base/random.h"

namespace vitrine {

// The key of a mask's stream: one draw of a generator, which lies on the CPU.
uint64_t DrawDropoutKey(at::Generator& generator);

// The factors of a mask on a CPU by an element's place, for operators that make no tensor of them:
// 0 with the probability, else 1 / (1 - probability).
class DropoutFactors {
 public:
  DropoutFactors(double probability, uint64_t key);

  // Those of elements 2 * pair and 2 * pair + 1, from one number of the stream.
  std::pair<float, float> OfPair(int64_t pair) const {
    const uint64_t bits = StreamValue(key_, pair + 1);
    return {Factor(bits), Factor(bits >> 32)};
  }

 private:
  float Factor(uint64_t bits) const {
    return static_cast<uint32_t>(bits) < threshold_ ? kept_ : 0.0F;
  }

  uint64_t key_;
  uint32_t threshold_;
  float kept_;
};

// 0 with the probability, else 1 / (1 - probability), independently for each element of the shape,
// in the options' type and on their device, where the generator must lie. On a CPU by
// DropoutFactors: it does not depend on the number of threads.
at::Tensor DropoutMask(at::IntArrayRef shape, double probability, at::Generator generator,
                       const at::TensorOptions& options);

}  // namespace vitrine

#endif  // VIT_DROPOUT_MASK_H_
