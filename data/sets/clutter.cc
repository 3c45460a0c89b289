#include "data/sets/clutter.h"

#include <algorithm>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/ops/zeros.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "data/sets/digits.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr int kFragments = 6;
constexpr int kFragmentSize = 5;

// The same whatever the run's seed.
constexpr uint64_t kTrainSeed = 0;
constexpr uint64_t kTestSeed = 1;
constexpr int kTrainCopies = 20;

struct Point {
  int x, y;
};

// Where a square may lie within a larger one.
Point Anywhere(int size, int within, RandomStream& draws) {
  const auto choices = static_cast<uint64_t>(within - size + 1);
  const int x = static_cast<int>(draws.Below(choices));
  return {.x = x, .y = static_cast<int>(draws.Below(choices))};
}

// Half as wide and high: the means of 2 x 2 pixels, halves rounded up.
at::Tensor Halve(const at::Tensor& images) {
  const at::Tensor pixels = images.to(at::kInt);
  const auto every_second = [&](int64_t y, int64_t x) {
    return pixels.slice(2, y, {}, 2).slice(3, x, {}, 2);
  };
  const at::Tensor sums =
      every_second(0, 0) + every_second(0, 1) + every_second(1, 0) + every_second(1, 1);
  return (sums + 2).bitwise_right_shift(2).to(at::kByte).contiguous();
}

// Lays a square of the digit's pixels, from `from` in the digit to `to` in the scene.
void Lay(const uint8_t* digit, Point from, int size, Point to, uint8_t* scene) {
  for (int y = 0; y < size; ++y) {
    const uint8_t* const source = digit + (from.y + y) * kSceneDigitSize + from.x;
    uint8_t* const target = scene + (to.y + y) * kSceneSize + to.x;
    for (int x = 0; x < size; ++x) target[x] = std::max(target[x], source[x]);
  }
}

// Draws digit i of [N, 1, 14, 14] and its clutter onto a black scene; returns where the digit is.
Box DrawScene(const at::Tensor& digits, int64_t i, RandomStream& draws, uint8_t* scene) {
  const auto digit = [&](int64_t index) {
    return digits.const_data_ptr<uint8_t>() + index * kSceneDigitSize * kSceneDigitSize;
  };
  const Point place = Anywhere(kSceneDigitSize, kSceneSize, draws);
  Lay(digit(i), {0, 0}, kSceneDigitSize, place, scene);
  for (int fragment = 0; fragment < kFragments; ++fragment) {
    const auto other = static_cast<int64_t>(draws.Below(digits.size(0)));
    const Point from = Anywhere(kFragmentSize, kSceneDigitSize, draws);
    Lay(digit(other), from, kFragmentSize, Anywhere(kFragmentSize, kSceneSize, draws), scene);
  }
  return {place.x, place.y, kSceneDigitSize, kSceneDigitSize};
}

}  // namespace

Scenes ScatterDigits(const ImageSet& digits, int copies, uint64_t seed) {
  const at::Tensor halves = Halve(digits.images);
  CHECK(halves.size(2) == kSceneDigitSize && halves.size(3) == kSceneDigitSize);
  const int64_t count = digits.size();
  Scenes scenes;
  scenes.set = {at::zeros({copies * count, 1, kSceneSize, kSceneSize}, at::kByte),
                digits.labels.repeat({copies})};
  uint8_t* scene = scenes.set.images.mutable_data_ptr<uint8_t>();
  for (int copy = 0; copy < copies; ++copy) {
    for (int64_t i = 0; i < count; ++i, scene += kSceneSize * kSceneSize) {
      RandomStream draws(seed, "clutter", i, copy);
      scenes.boxes.push_back(DrawScene(halves, i, draws, scene));
    }
  }
  return scenes;
}

absl::StatusOr<LoadedSet> LoadDigitsInClutter(const std::filesystem::path& /*ignored*/) {
  ASSIGN_OR_RETURN(const SplitDigits digits, ReadSplitDigits());
  Scenes train = ScatterDigits(digits.train, kTrainCopies, kTrainSeed);
  Scenes test = ScatterDigits(digits.test, /*copies=*/1, kTestSeed);
  LoadedSet set =
      InMemory("digits in clutter", DigitNames(), std::move(train.set), std::move(test.set));
  set.test_boxes = std::move(test.boxes);
  return set;
}

}  // namespace vitrine
