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

// The n-th number, counted from 1, of the stream of a key: SplitMix64's output function of
// (key + n * golden ratio) (Steele, Lea and Flood, OOPSLA 2014).
constexpr uint64_t StreamValue(uint64_t key, uint64_t n) {
  uint64_t x = key + n * 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// The numbers of a stream one after the other. Satisfies UniformRandomBitGenerator.
class RandomStream {
 public:
  using result_type = uint64_t;

  explicit RandomStream(uint64_t seed, std::string_view purpose, uint64_t index = 0,
                        uint64_t sub_index = 0)
      : key_(StreamKey(seed, purpose, index, sub_index)) {}

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return UINT64_MAX; }

  uint64_t operator()() { return StreamValue(key_, ++count_); }

  // Uniform in [0, bound), without bias. `bound` must be positive.
  uint64_t Below(uint64_t bound);

  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform();

 private:
  uint64_t key_;
  uint64_t count_ = 0;
};

}  // namespace vitrine

#endif  // BASE_RANDOM_H_
