#include "train/update/step_numbers.h"

#include <bit>

#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "ATen/ops/zeros.h"
#include "base/random.h"
#include "train/update/gradient.h"
#include "train/update/schedule.h"

namespace vitrine {
namespace {

constexpr int64_t kFirstKey = 3;  // after iteration, learning rate and loss scale

DropoutKeys KeysOf(const ExperimentConfig& config, int64_t iteration, int64_t part) {
  return DropoutKeys(StreamKey(config.seed(), "dropout", iteration, part));
}

}  // namespace

StepNumbers NumbersOf(const ExperimentConfig& config, int64_t iteration, const PartRange& parts,
                      at::Device device) {
  const auto number = [&](const at::Scalar& value, at::ScalarType type) {
    return at::full({}, value, at::TensorOptions(type).device(device));
  };
  StepNumbers numbers{
      .iteration = number(iteration, at::kLong),
      .learning_rate = number(LearningRate(config.schedule(), iteration), at::kDouble),
      .reported_loss_scale = number(ReportedLossScale(iteration), at::kDouble),
      .dropout_keys = {}};
  for (int64_t part = 0; part < parts.count; ++part) {
    numbers.dropout_keys.push_back(KeysOf(config, iteration, parts.first + part));
  }
  return numbers;
}

StaticStepNumbers::StaticStepNumbers(const PartRange& parts, int64_t keys, at::Device device)
    : parts_(parts),
      keys_(keys),
      memory_(at::zeros({kFirstKey + parts.count * keys},
                        at::TensorOptions(at::kLong).device(device))) {}

StepNumbers StaticStepNumbers::Numbers() const {
  const at::Tensor doubles = memory_.view(at::kDouble);
  StepNumbers numbers{.iteration = memory_.select(0, 0),
                      .learning_rate = doubles.select(0, 1),
                      .reported_loss_scale = doubles.select(0, 2),
                      .dropout_keys = {}};
  for (int64_t part = 0; part < parts_.count; ++part) {
    numbers.dropout_keys.emplace_back(memory_.narrow(0, kFirstKey + part * keys_, keys_));
  }
  return numbers;
}

void StaticStepNumbers::Set(const ExperimentConfig& config, int64_t iteration) {
  const auto options = at::TensorOptions(at::kLong).pinned_memory(memory_.is_cuda());
  const at::Tensor host = at::empty(memory_.sizes(), options);
  int64_t* to = host.mutable_data_ptr<int64_t>();
  *to++ = iteration;
  *to++ = std::bit_cast<int64_t>(LearningRate(config.schedule(), iteration));
  *to++ = std::bit_cast<int64_t>(ReportedLossScale(iteration));
  for (int64_t part = 0; part < parts_.count; ++part) {
    DropoutKeys keys = KeysOf(config, iteration, parts_.first + part);
    for (int64_t i = 0; i < keys_; ++i) *to++ = std::bit_cast<int64_t>(keys.Draw().value);
  }
  memory_.copy_(host, /*non_blocking=*/true);
}

}  // namespace vitrine
