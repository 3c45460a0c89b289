// The nearest of many vectors by the angle between them, and what they vote for.
//
//   const at::Tensor memory = ToUnitLength(train_rows);
//   const Neighbours near = FindNearest(memory, ToUnitLength(test_rows), /*count=*/20);
//   const at::Tensor votes = Vote(near, train_labels, num_classes, /*temperature=*/0.07);

#ifndef EVAL_NEAREST_H_
#define EVAL_NEAREST_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

namespace vitrine {

// Rows [N, D] scaled to length 1, float32. One of zeros stays so: its cosine with any other is 0.
at::Tensor ToUnitLength(const at::Tensor& rows);

// The nearest first; of equally near ones that of smaller index. On the CPU.
struct Neighbours {
  at::Tensor similarity;  // float32 [Q, count], cosines
  at::Tensor index;       // int64 [Q, count], of rows of the memory
};

// How many rows are multiplied at once, which decides no neighbour but by rounding.
struct NearestBlocks {
  int64_t queries = 256, memory = 16384;
};

// For queries [Q, D] the nearest of memory [M, D], all of length 1, on one device and finite.
// `count` is from 1 to M.
Neighbours FindNearest(const at::Tensor& memory, const at::Tensor& queries, int64_t count,
                       const NearestBlocks& blocks = {});

// Votes [Q, classes], double: each neighbour's for its class counts exp(similarity / temperature)
// (Wu et al., arXiv 1805.01978; Caron et al., arXiv 2104.14294), here over the nearest one's, so
// that no temperature overflows. `labels` [M] are those of the memory, on the CPU.
at::Tensor Vote(const Neighbours& neighbours, const at::Tensor& labels, int64_t classes,
                double temperature);

}  // namespace vitrine

#endif  // EVAL_NEAREST_H_
