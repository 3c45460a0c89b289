// Products of matrices of bfloat16 that lie in one core's cache, on that core and summed in
// float32, by oneDNN's batch-reduce GEMM (Georganas et al., arXiv 1906.06440).

#ifndef VIT_FUSED_SMALL_PRODUCTS_H_
#define VIT_FUSED_SMALL_PRODUCTS_H_

#include <cstdint>
#include <vector>

#include "c10/util/BFloat16.h"

namespace vitrine::fused {

// Whether this processor has them.
bool HasSmallProducts();

// Rows that may lie apart.
template <typename T>
struct Matrix {
  T* data;
  int64_t rows, columns, stride;

  T* Row(int64_t i) const { return data + i * stride; }
  Matrix Rows(int64_t begin, int64_t count) const { return {Row(begin), count, columns, stride}; }
};

using Bfloat16Matrix = Matrix<const at::BFloat16>;

// A matrix [K, N] as the right operand of a product, padded with zeros: K to an even number, N to a
// multiple of kColumns.
class RightOperand {
 public:
  static constexpr int64_t kColumns = 16;

  // So many columns, padded.
  static constexpr int64_t Padded(int64_t columns) {
    return (columns + kColumns - 1) / kColumns * kColumns;
  }

  // The matrix, or its transpose.
  void Take(const Bfloat16Matrix& matrix);
  void TakeTransposed(const Bfloat16Matrix& matrix);

  const at::BFloat16* data() const { return values_.data(); }
  int64_t rows() const { return rows_; }        // padded
  int64_t columns() const { return columns_; }  // padded

 private:
  void Resize(int64_t rows, int64_t columns);

  // The numbers of two rows, one above the other, stand side by side.
  std::vector<at::BFloat16> values_;
  int64_t rows_ = 0, columns_ = 0;
};

enum class Sum { kNew, kAdded };

// left [M, K] times right [K, N] into the first rows of `product`, or added to them. Both are read
// and written up to the right operand's padding: where it has more rows, `left` has zeros.
void Multiply(const Bfloat16Matrix& left, const RightOperand& right, Sum sum,
              const Matrix<float>& product);

// Ends a thread's series of products.
void EndSmallProducts();

}  // namespace vitrine::fused

#endif  // VIT_FUSED_SMALL_PRODUCTS_H_
