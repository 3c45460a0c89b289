#include "eval/statistics.h"

#include <algorithm>
#include <cmath>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/ones_like.h"
#include "ATen/ops/zeros.h"
#include "glog/logging.h"

namespace vitrine {

Statistics::Statistics(int64_t num_classes)
    : confusion_(at::zeros({num_classes, num_classes}, at::kLong)) {}

void Statistics::Add(const at::Tensor& logits, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  const int64_t classes = confusion_.size(0);
  CHECK_EQ(logits.size(1), classes);
  const at::Tensor probabilities = logits.cpu().to(at::kDouble).softmax(1);  // [B, K]
  const at::Tensor truth = labels.cpu();
  const at::Tensor answers = probabilities.argmax(1);  // [B]
  const at::Tensor cells = truth * classes + answers;
  confusion_.view(-1).index_add_(0, cells, at::ones_like(cells));
  AddToBins(probabilities.amax(1).contiguous(), (answers == truth).contiguous());
}

void Statistics::AddToBins(const at::Tensor& confidence, const at::Tensor& correct) {
  const double* const p = confidence.const_data_ptr<double>();
  const bool* const is_correct = correct.const_data_ptr<bool>();
  for (int64_t i = 0; i < confidence.size(0); ++i) {
    if (!std::isfinite(p[i])) continue;
    Bin& bin = bins_[std::clamp(static_cast<int>(std::ceil(p[i] * kBins)) - 1, 0, kBins - 1)];
    ++bin.count;
    bin.correct += is_correct[i] ? 1 : 0;
    bin.confidence += p[i];
  }
}

double Statistics::ExpectedCalibrationError() const {
  int64_t count = 0;
  double sum = 0;
  for (const Bin& bin : bins_) {
    count += bin.count;
    sum += std::abs(static_cast<double>(bin.correct) - bin.confidence);
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace vitrine
