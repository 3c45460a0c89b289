// A linear layer whose weight is packed, once, for inference on the CPU.

#ifndef VIT_PACKED_LINEAR_H_
#define VIT_PACKED_LINEAR_H_

#include "ATen/core/Tensor.h"
#include "vit/fused/products.h"

namespace vitrine {

class PackedLinear {
 public:
  // Of a float32 weight [out, in] and bias [out], which may be undefined, with operands of the
  // type, float32 or bfloat16.
  PackedLinear(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType operands);

  at::ScalarType operands() const { return operands_; }

  // [N, in] to [N, out] of the operands' type.
  at::Tensor operator()(const at::Tensor& rows,
                        fused::Epilogue epilogue = fused::Epilogue::kNone) const;

  // The same added to `addend`, [N, out] in float32, the type of the result.
  at::Tensor Plus(const at::Tensor& rows, const at::Tensor& addend) const;

 private:
  at::ScalarType operands_;
  at::Tensor weight_, bias_;
};

}  // namespace vitrine

#endif  // VIT_PACKED_LINEAR_H_
