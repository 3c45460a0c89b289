#include "data/transform/color.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "glog/logging.h"

namespace vitrine {
namespace {

// What becomes of each value.
using Table = std::array<uint8_t, 256>;

// How many pixels have each value.
using Histogram = std::array<int64_t, 256>;

template <typename Function>
Table MakeTable(Function function) {
  Table table;
  for (int i = 0; i < 256; ++i) table[i] = function(i);
  return table;
}

void Apply(const Table& table, Image* image) {
  for (uint8_t& value : image->pixels) value = table[value];
}

// One table for each channel, made from its histogram.
template <typename Function>
void ApplyToChannels(Function make_table, Image* image) {
  std::array<Histogram, 3> histograms{};
  const size_t size = image->pixels.size();
  for (size_t i = 0; i < size; i += 3) {
    for (size_t c = 0; c < 3; ++c) ++histograms[c][image->pixels[i + c]];
  }
  std::array<Table, 3> tables;
  for (size_t c = 0; c < 3; ++c) tables[c] = make_table(histograms[c]);
  for (size_t i = 0; i < size; i += 3) {
    for (size_t c = 0; c < 3; ++c) image->pixels[i + c] = tables[c][image->pixels[i + c]];
  }
}

// float32, cut off behind the point: the same bytes need the same roundings.
uint8_t Mix(int without, int with, float factor) {
  const float mixed = static_cast<float>(without) + factor * static_cast<float>(with - without);
  return static_cast<uint8_t>(std::clamp(static_cast<int>(mixed), 0, 255));
}

// The weights 0.299, 0.587 and 0.114 in 16 bits.
int Grey(const uint8_t* pixel) {
  return (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + (1 << 15)) >> 16;
}

int MeanGrey(const Image& image) {
  int64_t sum = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) sum += Grey(&image.pixels[i]);
  const double pixels = 1.0 * image.width * image.height;
  return static_cast<int>(static_cast<double>(sum) / pixels + 0.5);
}

struct Hsv {
  int hue = 0, saturation = 0, value = 0;  // 0 to 255
};

Hsv ToHsv(const uint8_t* pixel) {
  const int red = pixel[0], green = pixel[1], blue = pixel[2];
  const int high = std::max({red, green, blue}), low = std::min({red, green, blue});
  if (high == low) return {0, 0, high};
  const auto range = static_cast<float>(high - low);
  const auto from_high = [&](int value) { return static_cast<float>(high - value) / range; };
  float sixths;
  if (red == high) {
    sixths = from_high(blue) - from_high(green);
  } else if (green == high) {
    sixths = static_cast<float>(2.0 + from_high(red) - from_high(blue));
  } else {
    sixths = static_cast<float>(4.0 + from_high(green) - from_high(red));
  }
  const double turns = sixths / 6.0 + 1.0;  // from 5/6 to 11/6
  const auto hue = static_cast<float>(turns < 1 ? turns : turns - 1);
  const float saturation = range / static_cast<float>(high);
  return {static_cast<int>(hue * 255.0), static_cast<int>(saturation * 255.0), high};
}

void FromHsv(const Hsv& hsv, uint8_t* pixel) {
  // Which of the four values below is red, green and blue in each sixth of the circle.
  enum { kHigh, kLow, kFalling, kRising };
  constexpr uint8_t kChannels[6][3] = {{kHigh, kRising, kLow}, {kFalling, kHigh, kLow},
                                       {kLow, kHigh, kRising}, {kLow, kFalling, kHigh},
                                       {kRising, kLow, kHigh}, {kHigh, kLow, kFalling}};
  const double sixths = hsv.hue * 6.0 / 255.0;
  const int sixth = static_cast<int>(sixths);
  const auto rest = static_cast<float>(sixths - sixth);
  const auto saturation = static_cast<float>(hsv.saturation / 255.0);
  const auto value = [&](double part) {
    return static_cast<uint8_t>(hsv.value * (1.0 - part) + 0.5);
  };
  const uint8_t values[] = {static_cast<uint8_t>(hsv.value), value(saturation),
                            value(saturation * rest), value(saturation * (1.0 - rest))};
  for (int c = 0; c < 3; ++c) pixel[c] = values[kChannels[sixth % 6][c]];
}

Table StretchTable(const Histogram& histogram) {
  int low = 0, high = 255;
  while (low < 255 && histogram[low] == 0) ++low;
  while (high > 0 && histogram[high] == 0) --high;
  if (high <= low) return MakeTable([](int i) { return static_cast<uint8_t>(i); });
  const double scale = 255.0 / (high - low);
  const double offset = -low * scale;
  return MakeTable([&](int i) {
    return static_cast<uint8_t>(std::clamp(static_cast<int>(i * scale + offset), 0, 255));
  });
}

// Each value becomes the number of pixels below it, in 255ths of them all; those of the highest
// value are not counted.
Table EqualizeTable(const Histogram& histogram) {
  const int64_t all = std::accumulate(histogram.begin(), histogram.end(), int64_t{0});
  const auto highest = std::find_if(histogram.rbegin(), histogram.rend(), [](auto n) { return n; });
  const int64_t step = highest == histogram.rend() ? 0 : (all - *highest) / 255;
  if (step == 0) return MakeTable([](int i) { return static_cast<uint8_t>(i); });
  int64_t below = step / 2;
  return MakeTable([&](int i) {
    const int64_t value = std::min<int64_t>(below / step, 255);
    below += histogram[i];
    return static_cast<uint8_t>(value);
  });
}

}  // namespace

void AdjustBrightness(double factor, Image* image) {
  const auto f = static_cast<float>(factor);
  Apply(MakeTable([&](int i) { return Mix(0, i, f); }), image);
}

void AdjustContrast(double factor, Image* image) {
  const int grey = MeanGrey(*image);
  const auto f = static_cast<float>(factor);
  Apply(MakeTable([&](int i) { return Mix(grey, i, f); }), image);
}

void AdjustSaturation(double factor, Image* image) {
  const auto f = static_cast<float>(factor);
  std::vector<uint8_t> grey(size_t{3} * image->width);
  for (int y = 0; y < image->height; ++y) {
    uint8_t* row = image->row(y);
    for (size_t i = 0; i < grey.size(); i += 3) {
      grey[i] = grey[i + 1] = grey[i + 2] = static_cast<uint8_t>(Grey(row + i));
    }
    for (size_t i = 0; i < grey.size(); ++i) row[i] = Mix(grey[i], row[i], f);
  }
}

void AdjustSharpness(const Image& in, double factor, Image* out) {
  CHECK(&in != out);
  *out = in;
  const auto f = static_cast<float>(factor);
  const int stride = 3 * in.width;
  for (int y = 1; y + 1 < in.height; ++y) {
    const uint8_t* row = in.row(y);
    uint8_t* sharp = out->row(y);
    const auto column = [&](int x) { return row[x - stride] + row[x] + row[x + stride]; };
    for (int x = 3; x < stride - 3; ++x) {
      const int sum = column(x - 3) + column(x) + column(x + 3) + 4 * row[x];
      const int smooth = (2 * sum + 13) / 26;  // sum / 13, rounded
      sharp[x] = Mix(smooth, row[x], f);
    }
  }
}

void AdjustHue(double shift, Image* image) {
  CHECK(shift >= -0.5 && shift <= 0.5);
  const int turn = static_cast<int>(shift * 255);
  for (size_t i = 0; i < image->pixels.size(); i += 3) {
    Hsv hsv = ToHsv(&image->pixels[i]);
    hsv.hue = (hsv.hue + turn) & 255;
    FromHsv(hsv, &image->pixels[i]);
  }
}

void Posterize(int bits, Image* image) {
  CHECK(bits >= 1 && bits <= 8);
  const int mask = 0xff << (8 - bits);
  Apply(MakeTable([&](int i) { return static_cast<uint8_t>(i & mask); }), image);
}

void Solarize(double threshold, Image* image) {
  Apply(MakeTable([&](int i) { return static_cast<uint8_t>(i < threshold ? i : 255 - i); }), image);
}

void Invert(Image* image) { Solarize(0, image); }

void AutoContrast(Image* image) { ApplyToChannels(StretchTable, image); }

void Equalize(Image* image) { ApplyToChannels(EqualizeTable, image); }

}  // namespace vitrine
