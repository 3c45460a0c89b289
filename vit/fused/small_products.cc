#include "vit/fused/small_products.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

#include "ATen/Version.h"
#include "ATen/native/CPUBlas.h"
#include "base/programs/processor.h"
#include "glog/logging.h"

namespace vitrine::fused {
namespace {

// Two numbers side by side.
struct Pair {
  at::BFloat16 first, second;
};

// ONEDNN_MAX_CPU_ISA may keep oneDNN from the instructions.
bool Works() {
  const std::array<at::BFloat16, 2 * RightOperand::kColumns> zeros{};
  const Bfloat16Matrix left{zeros.data(), 1, 2, 2};
  RightOperand right;
  right.Take({zeros.data(), 2, RightOperand::kColumns, RightOperand::kColumns});
  std::array<float, RightOperand::kColumns> product;
  try {
    Multiply(left, right, Sum::kNew, {product.data(), 1, product.size(), product.size()});
    EndSmallProducts();
  } catch (const std::exception&) {  // libtorch's or oneDNN's
    return false;
  }
  return true;
}

}  // namespace

bool HasSmallProducts() {
  static const bool has = at::hasMKLDNN() && HasBfloat16() && Works();
  return has;
}

void RightOperand::Resize(int64_t rows, int64_t columns) {
  rows_ = rows + rows % 2;
  columns_ = Padded(columns);
  values_.resize(std::max<size_t>(values_.size(), rows_ * columns_));
  if (rows_ != rows || columns_ != columns) {
    std::fill_n(values_.begin(), rows_ * columns_, at::BFloat16());
  }
}

void RightOperand::Take(const Bfloat16Matrix& matrix) {
  Resize(matrix.rows, matrix.columns);
  for (int64_t k = 0; k + 1 < matrix.rows; k += 2) {
    const at::BFloat16 *above = matrix.Row(k), *below = matrix.Row(k + 1);
    at::BFloat16* to = &values_[k * columns_];
    for (int64_t n = 0; n < matrix.columns; ++n) {
      const Pair pair{above[n], below[n]};
      std::memcpy(to + 2 * n, &pair, sizeof(pair));
    }
  }
  if (matrix.rows % 2 == 0) return;
  const at::BFloat16* last = matrix.Row(matrix.rows - 1);
  at::BFloat16* to = &values_[(matrix.rows - 1) * columns_];
  for (int64_t n = 0; n < matrix.columns; ++n) to[2 * n] = last[n];
}

void RightOperand::TakeTransposed(const Bfloat16Matrix& matrix) {
  Resize(matrix.columns, matrix.rows);
  const int64_t pairs = matrix.columns / 2;
  for (int64_t n = 0; n < matrix.rows; ++n) {
    const at::BFloat16* row = matrix.Row(n);
    at::BFloat16* to = &values_[2 * n];
    for (int64_t k = 0; k < pairs; ++k) {
      std::memcpy(to + 2 * k * columns_, row + 2 * k, sizeof(Pair));
    }
    if (matrix.columns % 2 == 1) to[2 * pairs * columns_] = row[2 * pairs];
  }
}

void Multiply(const Bfloat16Matrix& left, const RightOperand& right, Sum sum,
              const Matrix<float>& product) {
  CHECK_GE(left.stride, right.rows());
  CHECK_GE(product.stride, right.columns());
  at::native::cpublas::brgemm(left.rows, right.columns(), right.rows(), left.stride,
                              right.columns(), product.stride, sum == Sum::kAdded, left.data,
                              right.data(), product.data, /*is_vnni=*/true);
}

void EndSmallProducts() { at::native::cpublas::brgemm_release(); }

}  // namespace vitrine::fused
