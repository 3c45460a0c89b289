#include "data/batches/mix.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "ATen/TensorOperators.h"
#include "ATen/ops/one_hot.h"
#include "base/random.h"

namespace vitrine {
namespace {

// Two gamma variates make a beta variate (Devroye, Non-Uniform Random Variate Generation, IX.3.1).
double Beta(double alpha, RandomStream& draws) {
  std::gamma_distribution<double> gamma(alpha, 1);
  const double x = gamma(draws);
  const double y = gamma(draws);
  return x + y > 0 ? x / (x + y) : 0.5;
}

Box DrawBox(double area, Size size, RandomStream& draws) {
  const int center_x = static_cast<int>(draws.Below(size.width));
  const int center_y = static_cast<int>(draws.Below(size.height));
  const int across = static_cast<int>(0.5 * std::sqrt(area) * size.width);
  const int up = static_cast<int>(0.5 * std::sqrt(area) * size.height);
  const int left = std::max(center_x - across, 0), right = std::min(center_x + across, size.width);
  const int top = std::max(center_y - up, 0), bottom = std::min(center_y + up, size.height);
  return {.x = left, .y = top, .width = right - left, .height = bottom - top};
}

}  // namespace

bool Mixes(const MixConfig& config) {
  return config.mixup_alpha() > 0 || config.cutmix_alpha() > 0;
}

std::optional<Mix> DrawMix(const MixConfig& config, uint64_t seed, int64_t iteration, Size size) {
  const bool mixup = config.mixup_alpha() > 0, cutmix = config.cutmix_alpha() > 0;
  if (!Mixes(config)) return std::nullopt;
  RandomStream draws(seed, "mix", iteration);
  if (draws.Uniform() >= config.probability()) return std::nullopt;
  const bool cuts = cutmix && (!mixup || draws.Uniform() < config.switch_probability());
  Mix mix;
  mix.weight = Beta(cuts ? config.cutmix_alpha() : config.mixup_alpha(), draws);
  if (cuts) {
    mix.box = DrawBox(1 - mix.weight, size, draws);
    mix.weight =
        1 - static_cast<double>(mix.box->width) * mix.box->height / size.width / size.height;
  }
  return mix;
}

void ApplyMix(const Mix& mix, int64_t num_classes, Batch* batch) {
  const at::Tensor partners = batch->images.roll(1, 0);
  if (mix.box) {
    const auto cut = [&box = *mix.box](const at::Tensor& images) {
      return images.narrow(2, box.y, box.height).narrow(3, box.x, box.width);
    };
    cut(batch->images).copy_(cut(partners));
  } else {
    batch->images.mul_(mix.weight).add_(partners, 1 - mix.weight);
  }
  const at::Tensor labels = at::one_hot(batch->labels, num_classes).to(at::kFloat);
  batch->soft_labels = labels * mix.weight + labels.roll(1, 0) * (1 - mix.weight);
}

}  // namespace vitrine
