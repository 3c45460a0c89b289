// Products of matrices of float32 or bfloat16 that lie in one core's cache, on that core and summed
// in float32, by oneDNN's batch-reduce GEMM (Georganas et al., arXiv 1906.06440).

#ifndef VIT_FUSED_SMALL_PRODUCTS_H_
#define VIT_FUSED_SMALL_PRODUCTS_H_

#include <cstdint>
#include <type_traits>
#include <vector>

#include "c10/core/ScalarType.h"
#include "c10/util/BFloat16.h"

namespace vitrine::fused {

// Whether this processor has them, of operands of the type, and AVX-512 for what goes on between.
bool HasSmallProducts(at::ScalarType type);

// Rows that may lie apart.
template <typename T>
struct Matrix {
  T* data;
  int64_t rows, columns, stride;

  T* Row(int64_t i) const { return data + i * stride; }
  Matrix Rows(int64_t begin, int64_t count) const { return {Row(begin), count, columns, stride}; }
};

// Rows of right operands and products are padded to a multiple of it.
inline constexpr int64_t kColumns = 16;
constexpr int64_t Padded(int64_t columns) { return (columns + kColumns - 1) / kColumns * kColumns; }

// A matrix [K, N] as the right operand of a product, padded with zeros: N to a multiple of kColumns
// and, of bfloat16, K to an even number.
template <typename T>
class RightOperand {
 public:
  // The matrix, or its transpose.
  void Take(const Matrix<const T>& matrix);
  void TakeTransposed(const Matrix<const T>& matrix);

  const T* data() const { return values_.data(); }
  int64_t rows() const { return rows_; }        // padded
  int64_t columns() const { return columns_; }  // padded

 private:
  // Of bfloat16 the numbers of two rows, one above the other, stand side by side.
  static constexpr int64_t kRows = std::is_same_v<T, at::BFloat16> ? 2 : 1;

  void Resize(int64_t rows, int64_t columns);

  std::vector<T> values_;
  int64_t rows_ = 0, columns_ = 0;
};

enum class Sum { kNew, kAdded };

// left [M, K] times right [K, N] into the first rows of `product`, or added to them. Both are read
// and written up to the right operand's padding: where it has more rows, `left` has zeros.
template <typename T>
void Multiply(const Matrix<const T>& left, const RightOperand<T>& right, Sum sum,
              const Matrix<float>& product);

// Ends a thread's series of products.
void EndSmallProducts();

}  // namespace vitrine::fused

#endif  // VIT_FUSED_SMALL_PRODUCTS_H_
