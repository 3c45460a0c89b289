// Fixed position embeddings.

#ifndef VIT_POSITIONS_H_
#define VIT_POSITIONS_H_

#include <cstdint>

#include "ATen/core/Tensor.h"

namespace vitrine {

// [1, rows * columns, width] for patches row by row: sin(x w), cos(x w), sin(y w), cos(y w), with x
// the column, y the row, and width / 4 frequencies w from 1 down to 1/10000 in equal ratios (as
// big_vision's posemb_sincos_2d; Beyer et al., arXiv 2205.01580). width is a multiple of 4, at
// least 8.
at::Tensor SinCosPositions(int64_t rows, int64_t columns, int64_t width,
                           const at::TensorOptions& options);

}  // namespace vitrine

#endif  // VIT_POSITIONS_H_
