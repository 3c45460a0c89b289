// What there is to know of a classifier's answers beside how many are right: which classes it takes
// for which, and whether it is as sure as it should be.
//
//   Statistics statistics(num_classes);
//   statistics.Add(logits, labels);      // batch by batch
//   statistics.classes()[3].mistakes;    // what images of class 3 were taken for

#ifndef EVAL_STATISTICS_H_
#define EVAL_STATISTICS_H_

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "ATen/core/Tensor.h"

namespace vitrine {

class Statistics {
 public:
  // The images of one class.
  struct Class {
    int64_t count = 0;
    int64_t correct = 0;
    std::map<int64_t, int64_t> mistakes;  // the classes that others were taken for: how many
  };

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

  // One for each class. Grows with the images that are wrong, not with the square of the classes.
  const std::vector<Class>& classes() const { return classes_; }

  const std::array<Bin, kBins>& calibration() const { return bins_; }

  // The mean of |accuracy - confidence| over the bins, weighted by their counts (Guo et al., arXiv
  // 1706.04599, eq. 3).
  double ExpectedCalibrationError() const;

 private:
  void AddToClasses(const at::Tensor& truths, const at::Tensor& answers);
  void AddToBins(const at::Tensor& confidence, const at::Tensor& correct);

  std::vector<Class> classes_;
  std::array<Bin, kBins> bins_ = {};
};

}  // namespace vitrine

#endif  // EVAL_STATISTICS_H_
