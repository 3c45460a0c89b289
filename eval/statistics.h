// What there is to know of a classifier's answers beside how many are right: which classes it takes
// for which, and whether it is as sure as it should be.
//
//   Statistics statistics(num_classes);
//   statistics.Add(logits, labels);      // batch by batch
//   statistics.confusion();              // [K, K]

#ifndef EVAL_STATISTICS_H_
#define EVAL_STATISTICS_H_

#include <array>
#include <cstdint>

#include "ATen/core/Tensor.h"

namespace vitrine {

class Statistics {
 public:
  // Of the images whose highest probability lies in (i / kBins, (i + 1) / kBins].
  struct Bin {
    int64_t count = 0;
    int64_t correct = 0;
    double confidence = 0;  // sum of these probabilities
  };
  static constexpr int kBins = 15;

  explicit Statistics(int64_t num_classes);

  // Logits [B, K], labels int64 [B]. Of equal scores the smaller class is the answer. Images with a
  // score that is not finite are in no bin, and their answer is the first such class.
  void Add(const at::Tensor& logits, const at::Tensor& labels);

  // int64 [K, K]: how many images of the class of the row were taken for that of the column.
  const at::Tensor& confusion() const { return confusion_; }

  const std::array<Bin, kBins>& calibration() const { return bins_; }

  // The mean of |accuracy - confidence| over the bins, weighted by their counts (Guo et al., arXiv
  // 1706.04599, eq. 3).
  double ExpectedCalibrationError() const;

 private:
  void AddToBins(const at::Tensor& confidence, const at::Tensor& correct);

  at::Tensor confusion_;
  std::array<Bin, kBins> bins_ = {};
};

}  // namespace vitrine

#endif  // EVAL_STATISTICS_H_
