#include "eval/statistics.h"

#include <algorithm>
#include <cmath>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "glog/logging.h"

namespace vitrine {

Statistics::Statistics(int64_t num_classes) : classes_(num_classes) {}

void Statistics::Add(const at::Tensor& logits, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  CHECK_EQ(logits.size(1), static_cast<int64_t>(classes_.size()));
  const at::Tensor probabilities = logits.cpu().to(at::kDouble).softmax(1);  // [B, K]
  const at::Tensor truths = labels.cpu().contiguous();
  const at::Tensor answers = probabilities.argmax(1).contiguous();  // [B]
  AddToClasses(truths, answers);
  AddToBins(probabilities.amax(1).contiguous(), (answers == truths).contiguous());
}

void Statistics::AddToClasses(const at::Tensor& truths, const at::Tensor& answers) {
  const int64_t* const truth = truths.const_data_ptr<int64_t>();
  const int64_t* const answer = answers.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < truths.size(0); ++i) {
    Class& one = classes_.at(truth[i]);
    ++one.count;
    ++(answer[i] == truth[i] ? one.correct : one.mistakes[answer[i]]);
  }
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
