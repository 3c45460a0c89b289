#include "vit/fused/small_products.h"

#include <algorithm>
#include <array>
#include <exception>

#include "ATen/Context.h"
#include "ATen/native/CPUBlas.h"
#include "base/programs/processor.h"
#include "glog/logging.h"
#include "vit/fused/attention_rows.h"

namespace vitrine::fused {
namespace {

// ONEDNN_MAX_CPU_ISA may keep oneDNN from the instructions.
template <typename T>
bool Works() {
  const std::array<T, 2 * kColumns> zeros{};
  RightOperand<T> right;
  right.Take({zeros.data(), 2, kColumns, kColumns});
  std::array<float, kColumns> product;
  try {
    Multiply<T>({zeros.data(), 1, 2, 2}, right, Sum::kNew, {product.data(), 1, kColumns, kColumns});
    EndSmallProducts();
  } catch (const std::exception&) {  // libtorch's or oneDNN's
    return false;
  }
  return true;
}

}  // namespace

bool HasSmallProducts(at::ScalarType type) {
  static const bool has_float = at::hasMKLDNN() && HasAvx512() && Works<float>();
  static const bool has_bfloat16 = at::hasMKLDNN() && HasBfloat16() && Works<at::BFloat16>();
  return (type == at::kFloat && has_float) || (type == at::kBFloat16 && has_bfloat16);
}

template <typename T>
void RightOperand<T>::Resize(int64_t rows, int64_t columns) {
  rows_ = (rows + kRows - 1) / kRows * kRows;
  columns_ = Padded(columns);
  values_.resize(std::max<size_t>(values_.size(), rows_ * columns_));
  if (rows_ != rows || columns_ != columns) std::fill_n(values_.begin(), rows_ * columns_, T(0.0F));
}

template <typename T>
void RightOperand<T>::Take(const Matrix<const T>& matrix) {
  Resize(matrix.rows, matrix.columns);
  int64_t k = 0;
  for (; k + kRows <= matrix.rows; k += kRows) {
    if constexpr (kRows == 2) {
      Interleave(matrix.Row(k), matrix.Row(k + 1), matrix.columns, &values_[k * columns_]);
    } else {
      std::copy_n(matrix.Row(k), matrix.columns, &values_[k * columns_]);
    }
  }
  if (k == matrix.rows) return;
  const T* last = matrix.Row(k);  // of an odd number
  for (int64_t n = 0; n < matrix.columns; ++n) values_[k * columns_ + kRows * n] = last[n];
}

template <typename T>
void RightOperand<T>::TakeTransposed(const Matrix<const T>& matrix) {
  Resize(matrix.columns, matrix.rows);
  for (int64_t begin = 0; begin < matrix.rows; begin += kColumns) {  // what is written stays near
    const int64_t end = std::min(begin + kColumns, matrix.rows);
    for (int64_t k = 0; k < matrix.columns; ++k) {
      T* to = &values_[k / kRows * kRows * columns_ + k % kRows];
      for (int64_t n = begin; n < end; ++n) to[kRows * n] = matrix.Row(n)[k];
    }
  }
}

template <typename T>
void Multiply(const Matrix<const T>& left, const RightOperand<T>& right, Sum sum,
              const Matrix<float>& product) {
  CHECK_GE(left.stride, right.rows());
  CHECK_GE(product.stride, right.columns());
  at::native::cpublas::brgemm(left.rows, right.columns(), right.rows(), left.stride,
                              right.columns(), product.stride, sum == Sum::kAdded, left.data,
                              right.data(), product.data,
                              /*is_vnni=*/std::is_same_v<T, at::BFloat16>);
}

template class RightOperand<float>;
template class RightOperand<at::BFloat16>;
template void Multiply(const Matrix<const float>&, const RightOperand<float>&, Sum,
                       const Matrix<float>&);
template void Multiply(const Matrix<const at::BFloat16>&, const RightOperand<at::BFloat16>&, Sum,
                       const Matrix<float>&);

void EndSmallProducts() { at::native::cpublas::brgemm_release(); }

}  // namespace vitrine::fused
