#include "data/image/resample.h"

#include <smmintrin.h>  // SSE4.1; oneDNN, which is in libtorch, needs it too

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int kWeightBits = 14;
constexpr int kOne = 1 << kWeightBits;
constexpr int kHalf = kOne / 2;

// Pixels are read in pairs and 8 bytes at once, up to so many bytes too far.
constexpr size_t kSlack = 8;

double Kernel(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::kBilinear) return x < 1 ? 1 - x : 0;
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

// How each target pixel along one side is made: weights[i * taps ...] of the sources from first[i].
// Those that are not needed are 0. Their number is even, since they are used in pairs: the last one
// may lie behind the sources, and is 0 then.
struct Taps {
  int taps = 0;
  std::vector<int> first;
  std::vector<int16_t> weights;

  const int16_t* WeightsOf(int target) const { return &weights[size_t{1} * target * taps]; }
};

// Rounds so that the sum is kOne, and an even surface stays what it is: what is lacking goes to the
// largest.
void RoundWeights(const std::vector<double>& weights, int16_t* out) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  int total = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    out[i] = static_cast<int16_t>(std::lround(weights[i] / sum * kOne));
    total += out[i];
  }
  *std::max_element(out, out + weights.size()) += kOne - total;
}

Taps MakeTaps(Filter filter, double begin, double length, int sources, int targets) {
  const double scale = length / targets;
  const double stretch = std::max(scale, 1.0);
  const double radius = Radius(filter) * stretch;
  const int lowest = static_cast<int>(std::floor(begin));
  const int highest = std::min(sources, static_cast<int>(std::ceil(begin + length)));
  Taps taps;
  const int needed = std::min(static_cast<int>(std::ceil(radius)) * 2 + 1, highest - lowest);
  taps.taps = needed + needed % 2;
  taps.first.resize(targets);
  taps.weights.resize(size_t{1} * targets * taps.taps);
  std::vector<double> weights(needed);
  for (int i = 0; i < targets; ++i) {
    const double center = begin + (i + 0.5) * scale;
    const int first = std::max(lowest, static_cast<int>(std::floor(center - radius + 0.5)));
    taps.first[i] = std::min(first, highest - needed);
    for (int k = 0; k < needed; ++k) {
      weights[k] = Kernel(filter, (taps.first[i] + k + 0.5 - center) / stretch);
    }
    RoundWeights(weights, &taps.weights[size_t{1} * i * taps.taps]);
  }
  return taps;
}

// Pairs of values times a pair of weights, w0 v0 + w1 v1, in each of four places.
__m128i MultiplyPairs(__m128i values, const int16_t* weights) {
  int pair;
  std::memcpy(&pair, weights, sizeof pair);
  return _mm_madd_epi16(values, _mm_set1_epi32(pair));
}

__m128i Rounded(__m128i sums) {
  return _mm_srai_epi32(_mm_add_epi32(sums, _mm_set1_epi32(kHalf)), kWeightBits);
}

// One target pixel of a row, as 4 bytes of which 3 are good. Reads 8 bytes from each second source.
int ResamplePixel(const uint8_t* pixel, const int16_t* weights, int taps) {
  const __m128i in_pairs = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  __m128i sums = _mm_setzero_si128();
  for (int k = 0; k < taps; k += 2, pixel += 6) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixel));
    sums = _mm_add_epi32(sums, MultiplyPairs(_mm_shuffle_epi8(bytes, in_pairs), weights + k));
  }
  const __m128i words = _mm_packs_epi32(Rounded(sums), sums);
  return _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
}

// One source row as wide as the target; `in` has kSlack bytes behind its last pixel.
void ResampleRow(const uint8_t* in, const Taps& taps, uint8_t* out) {
  const int16_t* weights = taps.weights.data();
  for (const int first : taps.first) {
    const int pixel = ResamplePixel(in + size_t{3} * first, weights, taps.taps);
    std::memcpy(out, &pixel, 3);
    out += 3;
    weights += taps.taps;
  }
}

// Eight values of one target row, from the source rows that it is made of.
void ResampleEight(const std::vector<const uint8_t*>& rows, const int16_t* weights, int x,
                   uint8_t* out) {
  const __m128i zero = _mm_setzero_si128();
  __m128i low = zero, high = zero;
  for (size_t k = 0; k < rows.size(); k += 2) {
    const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[k] + x));
    const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[k + 1] + x));
    const __m128i pairs = _mm_unpacklo_epi8(a, b);
    low = _mm_add_epi32(low, MultiplyPairs(_mm_unpacklo_epi8(pairs, zero), weights + k));
    high = _mm_add_epi32(high, MultiplyPairs(_mm_unpackhi_epi8(pairs, zero), weights + k));
  }
  const __m128i words = _mm_packs_epi32(Rounded(low), Rounded(high));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(words, words));
}

// One target row from the source rows that it is made of, which have kSlack bytes more.
void ResampleColumns(const std::vector<const uint8_t*>& rows, const int16_t* weights, int values,
                     uint8_t* out) {
  int x = 0;
  for (; x + 8 <= values; x += 8) ResampleEight(rows, weights, x, out + x);
  if (x == values) return;
  uint8_t last[8];
  ResampleEight(rows, weights, x, last);
  std::memcpy(out + x, last, values - x);
}

// The source rows that a target row is made of, each already as wide as the target. Target rows are
// asked for from the top, so that each source row is resampled once.
class Window {
 public:
  Window(const Image& in, const Taps& rows, const Taps& columns)
      : in_(in),
        rows_(rows),
        columns_(columns),
        stride_(3 * columns.first.size() + kSlack),
        source_(size_t{3} * in.width + kSlack),
        memory_(rows.taps * stride_),
        window_(rows.taps) {}

  const std::vector<const uint8_t*>& Of(int target) {
    const int first = rows_.first[target];
    for (done_ = std::max(done_, first); done_ < std::min(first + rows_.taps, in_.height);
         ++done_) {
      ResampleRow(WithSlack(done_), columns_, Row(done_));
    }
    for (int k = 0; k < rows_.taps; ++k) window_[k] = Row(first + k);
    return window_;
  }

 private:
  // The row, or a copy of it where too few bytes lie behind.
  const uint8_t* WithSlack(int source) {
    const uint8_t* row = in_.row(source);
    const size_t size = size_t{3} * in_.width;
    if (row + size + kSlack <= in_.pixels.data() + in_.pixels.size()) return row;
    std::memcpy(source_.data(), row, size);
    return source_.data();
  }

  uint8_t* Row(int source) { return &memory_[source % rows_.taps * stride_]; }

  const Image& in_;
  const Taps& rows_;
  const Taps& columns_;
  const size_t stride_;
  std::vector<uint8_t> source_;
  std::vector<uint8_t> memory_;
  std::vector<const uint8_t*> window_;
  int done_ = 0;  // source rows before it have been in the window
};

}  // namespace

void Resample(const Image& in, const Region& region, Size size, Filter filter, Image* out) {
  CHECK(&in != out);
  CHECK(region.x >= 0 && region.y >= 0 && region.width > 0 && region.height > 0 &&
        region.x + region.width <= in.width && region.y + region.height <= in.height);
  const Taps rows = MakeTaps(filter, region.y, region.height, in.height, size.height);
  const Taps columns = MakeTaps(filter, region.x, region.width, in.width, size.width);
  Window window(in, rows, columns);
  out->Resize(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    ResampleColumns(window.Of(y), rows.WeightsOf(y), 3 * size.width, out->row(y));
  }
}

}  // namespace vitrine
