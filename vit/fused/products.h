// The three matrix products of a linear layer y = x W^T + b, by the fastest library for them on
// this processor, in float32 or on operands rounded to bfloat16. A processor without instructions
// for the latter multiplies the rounded numbers in float32.
//
//   const at::Tensor x = Operand(activations, at::kBFloat16);
//   y = Forward(x, Operand(weight, at::kBFloat16), bias);
//
// In float32 oneDNN's are ahead of MKL's, which libtorch's operators use: on an AMD EPYC with AVX2
// (Zen 3) by 10 to 25 % where W is an operand, on one with AVX-512 (Zen 4) by 10 %.

#ifndef VIT_FUSED_PRODUCTS_H_
#define VIT_FUSED_PRODUCTS_H_

#include "ATen/core/Tensor.h"

namespace vitrine::fused {

// The tensor as the products take it: itself, unless the type is bfloat16, to which it is rounded.
at::Tensor Operand(const at::Tensor& tensor, at::ScalarType type);

// What becomes of a layer's sums before they are rounded.
enum class Epilogue { kNone, kGelu, kGeluTanh };

// x [N, in], weight [out, in] and bias [out], which may be undefined, to y [N, out]. x and weight
// are operands, the weight perhaps packed, and y has x's type; products of bfloat16 are summed in
// float32 and the sums rounded.
at::Tensor Forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   Epilogue epilogue = Epilogue::kNone);

// Forward's y plus `addend` [N, out], of x's type: for a branch that joins the residual stream.
at::Tensor ForwardPlus(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const at::Tensor& addend);

// The weight, an operand, in the order in which Forward reads it fastest: for a weight that is used
// often and not changed. Only Forward can read it.
at::Tensor Pack(const at::Tensor& weight);

// The gradients of a linear layer from that of its output y.
class LinearBackward {
 public:
  // The gradient of y, [N, out], whose products are taken of operands of the type.
  LinearBackward(const at::Tensor& gradient, at::ScalarType type);

  // To x, [N, in], from the weight as an operand, in its type.
  at::Tensor Input(const at::Tensor& weight) const;

  // To the weight, [out, in], from x as an operand; a tensor of float32, or double of doubles.
  at::Tensor Weight(const at::Tensor& x) const;

  // To the bias, [out], from the gradient as it was given, summed in float32 and rounded to its
  // type; a tensor of float32, or double of doubles.
  at::Tensor Bias() const;

 private:
  at::Tensor gradient_, factor_;
};

}  // namespace vitrine::fused

#endif  // VIT_FUSED_PRODUCTS_H_
