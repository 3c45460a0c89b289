// What dropout multiplies by (Srivastava et al., JMLR 15, 2014).

#ifndef VIT_DROPOUT_MASK_H_
#define VIT_DROPOUT_MASK_H_

#include <cstdint>

#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"

namespace vitrine {

// The key of a mask's stream: one draw of a generator, which lies on the CPU.
uint64_t DrawDropoutKey(at::Generator& generator);

// The factors of a mask on a CPU by an element's place, for operators that make no tensor of them:
// 0 with the probability, else 1 / (1 - probability).
class DropoutFactors {
 public:
  DropoutFactors(double probability, uint64_t key);

  // Those of the elements from `begin`, an even number, into as many floats. Two elements share a
  // number of the stream, so this does not depend on where a mask is cut.
  void Fill(int64_t begin, int64_t size, float* factors) const;

 private:
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
