#include "data/batches/normalization.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

struct Preset {
  std::vector<float> mean, std;
};

// The mean and the standard deviation of the training images, as published with models.
Preset PresetOf(DataConfig::Normalization name, int64_t channels) {
  switch (name) {
    case DataConfig::HALF:
      break;
    case DataConfig::IMAGENET_STATS:  // torchvision's models
      return {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
    case DataConfig::CIFAR10_STATS:
      return {{0.4914f, 0.4822f, 0.4465f}, {0.2470f, 0.2435f, 0.2616f}};
    case DataConfig::MNIST_STATS:
      return {{0.1307f}, {0.3081f}};
  }
  return {std::vector<float>(channels, 0.5f), std::vector<float>(channels, 0.5f)};
}

}  // namespace

absl::StatusOr<Normalization> Normalization::Create(const DataConfig& config, int64_t channels,
                                                    at::Device device) {
  const bool given = config.mean_size() > 0 || config.std_size() > 0;
  Preset preset = PresetOf(config.normalization(), channels);
  if (given) {
    preset = {{config.mean().begin(), config.mean().end()},
              {config.std().begin(), config.std().end()}};
  }
  const auto size = static_cast<size_t>(channels);
  if (preset.mean.size() != size || preset.std.size() != size) {
    return absl::InvalidArgumentError(
        given ? absl::StrCat("data.mean, data.std: must have one number for each of the ", channels,
                             " channel(s) or none, have ", config.mean_size(), " and ",
                             config.std_size())
              : absl::StrCat(
                    "data.normalization: ", DataConfig::Normalization_Name(config.normalization()),
                    " is for ", preset.mean.size(), " channel(s), but the images have ", channels));
  }
  return Normalization(std::move(preset.mean), std::move(preset.std), device);
}

Normalization::Normalization(std::vector<float> mean, std::vector<float> std, at::Device device)
    : mean_(std::move(mean)),
      std_(std::move(std)),
      tables_(mean_.size()),
      most_(at::full({}, 255.0f, device)),
      mean_there_(at::tensor(mean_).view({-1, 1, 1}).to(device)),
      std_there_(at::tensor(std_).view({-1, 1, 1}).to(device)) {
  for (size_t c = 0; c < tables_.size(); ++c) {
    for (int x = 0; x < 256; ++x) {
      tables_[c][x] = (static_cast<float>(x) / 255.0f - mean_[c]) / std_[c];
    }
  }
}

at::Tensor Normalization::Apply(const at::Tensor& images) const {
  CHECK_EQ(images.scalar_type(), at::kByte);
  CHECK_EQ(images.dim(), 4);
  CHECK_EQ(images.size(1), channels());
  if (images.is_cpu()) return ApplyOnCpu(images.contiguous());
  CHECK_EQ(images.device(), most_.device());
  return images.to(at::kFloat).div_(most_).sub_(mean_there_).div_(std_there_);
}

at::Tensor Normalization::ApplyOnCpu(const at::Tensor& images) const {
  at::Tensor result = at::empty(images.sizes(), at::kFloat);
  const uint8_t* in = images.const_data_ptr<uint8_t>();
  float* out = result.mutable_data_ptr<float>();
  const int64_t pixels = images.size(2) * images.size(3), planes = images.size(0) * channels();
  for (int64_t plane = 0; plane < planes; ++plane) {
    const Table& table = tables_[plane % channels()];
    for (int64_t i = plane * pixels; i < (plane + 1) * pixels; ++i) out[i] = table[in[i]];
  }
  return result;
}

at::Tensor Normalization::Invert(const at::Tensor& images) const {
  const at::Tensor mean = at::tensor(mean_).view({1, -1, 1, 1});
  const at::Tensor std = at::tensor(std_).view({1, -1, 1, 1});
  return ((images.cpu() * std + mean) * 255).round().clamp(0, 255).to(at::kByte);
}

std::array<uint8_t, 3> Normalization::MeanColor() const {
  std::array<uint8_t, 3> color;
  for (size_t c = 0; c < color.size(); ++c) {
    const float mean = mean_[std::min(c, mean_.size() - 1)];
    color[c] = static_cast<uint8_t>(std::lround(255 * std::clamp(mean, 0.0f, 1.0f)));
  }
  return color;
}

}  // namespace vitrine
