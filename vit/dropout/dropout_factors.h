// What dropout multiplies each element by, as a function of its place (Srivastava et al., JMLR 15,
// 2014). Host and GPU have the same function.

#ifndef VIT_DROPOUT_DROPOUT_FACTORS_H_
#define VIT_DROPOUT_DROPOUT_FACTORS_H_

#include <algorithm>
#include <cstdint>

#include "base/random.h"

namespace vitrine {

// The key of a mask's stream.
struct DropoutKey {
  uint64_t value = 0;
  const uint64_t* place = nullptr;  // where the key is read instead, in the memory of who reads it
};

// 0 with the probability, else 1 / (1 - probability). Two elements share a number of the key's
// stream (base/random.h), half each, so it does not matter where a mask is cut.
class DropoutFactors {
 public:
  // 1 everywhere.
  DropoutFactors() = default;

  // Of the least probabilities 1 - p is 1 in double; then one element of 2^32 is dropped.
  DropoutFactors(double probability, const DropoutKey& key)
      : key_(key),
        threshold_(static_cast<uint32_t>(std::min((1 - probability) * 0x1p32, 0x1p32 - 1))),
        kept_(static_cast<float>(1 / (1 - probability))) {}

  // Whether there is any factor but 1.
  constexpr bool drop() const { return threshold_ != 0; }

  // Those of two elements, `element` being even, one after the other; only where any drop.
  constexpr void Pair(int64_t element, float* factors) const {
    const uint64_t number = StreamValue(Key(), element / 2 + 1);
    factors[0] = Factor(static_cast<uint32_t>(number));
    factors[1] = Factor(static_cast<uint32_t>(number >> 32));
  }

  // Those of the elements from `begin`, an even number, into as many floats; on a CPU.
  void Fill(int64_t begin, int64_t size, float* factors) const;

 private:
  constexpr uint64_t Key() const { return key_.place == nullptr ? key_.value : *key_.place; }

  constexpr float Factor(uint32_t half) const { return half < threshold_ ? kept_ : 0.0F; }

  DropoutKey key_;
  uint32_t threshold_ = 0;
  float kept_ = 1;
};

}  // namespace vitrine

#endif  // VIT_DROPOUT_DROPOUT_FACTORS_H_
