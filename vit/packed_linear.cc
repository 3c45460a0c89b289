#include "vit/packed_linear.h"

#include "ATen/TensorOperators.h"

namespace vitrine {

PackedLinear::PackedLinear(const at::Tensor& weight, const at::Tensor& bias,
                           at::ScalarType operands)
    : operands_(operands),
      weight_(fused::Pack(fused::Operand(weight, operands))),
      bias_(bias.defined() ? bias.to(operands) : bias) {}

at::Tensor PackedLinear::operator()(const at::Tensor& rows, fused::Epilogue epilogue) const {
  return fused::Forward(fused::Operand(rows, operands_), weight_, bias_, epilogue);
}

at::Tensor PackedLinear::Plus(const at::Tensor& rows, const at::Tensor& addend) const {
  if (operands_ != at::kFloat) return addend + (*this)(rows);
  return fused::ForwardPlus(rows, weight_, bias_, addend);
}

}  // namespace vitrine
