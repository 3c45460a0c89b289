// Counter-based random numbers: every draw is a function of (seed, purpose, indices, counter), so
// it does not matter who draws, in what order, or on how many threads.
//
//   RandomStream order(seed, "order", epoch);
//   for (int64_t i = n - 1; i > 0; --i) std::swap(p[i], p[order.Below(i + 1)]);

#ifndef BASE_RANDOM_H_
#define BASE_RANDOM_H_

#include <cstdint>
#include <string_view>

namespace vitrine {

// A key for the stream that serves one purpose, for generators of other libraries too.
uint64_t StreamKey(uint64_t seed, std::string_view purpose, uint64_t index = 0,
                   uint64_t sub_index = 0);

// The n-th number of a stream is SplitMix64's output function of (key + n * golden ratio)
// (Steele, Lea and Flood, OOPSLA 2014). Satisfies UniformRandomBitGenerator.
class RandomStream {
 public:
  using result_type = uint64_t;

  explicit RandomStream(uint64_t seed, std::string_view purpose, uint64_t index = 0,
                        uint64_t sub_index = 0)
      : state_(StreamKey(seed, purpose, index, sub_index)) {}

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return UINT64_MAX; }

  uint64_t operator()();

  // Uniform in [0, bound), without bias. `bound` must be positive.
  uint64_t Below(uint64_t bound);

  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform();

 private:
  uint64_t state_;
};

}  // namespace vitrine

#endif  // BASE_RANDOM_H_
