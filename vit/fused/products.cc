#include "vit/fused/products.h"

#include <optional>
#include <string_view>

#include "ATen/Context.h"
#include "ATen/Version.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/mm.h"

namespace vitrine::fused {
namespace {

using LinearPointwise = at::Tensor(const at::Tensor& x, const at::Tensor& weight,
                                   const std::optional<at::Tensor>& bias, std::string_view post_op,
                                   c10::List<std::optional<at::Scalar>> scalars,
                                   std::optional<std::string_view> algorithm);

// oneDNN's x W^T + b, which has no entry in libtorch's headers.
at::Tensor OneDnnLinear(const at::Tensor& x, const at::Tensor& weight,
                        const std::optional<at::Tensor>& bias) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                             .typed<LinearPointwise>();
  return op.call(x, weight, bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

bool IsForOneDnn(const at::Tensor& operand) {
  static const bool has = at::hasMKLDNN();
  return has && operand.scalar_type() != at::kDouble;
}

// In float32 with AVX2 MKL is the faster where both operands are transposed.
bool IsForOneDnnTransposed(const at::Tensor& operand) {
  static const bool wide = at::get_cpu_capability() == "AVX512";
  return IsForOneDnn(operand) && (wide || operand.scalar_type() == at::kBFloat16);
}

// Sums come out of a product of bfloat16 rounded to it.
at::Tensor Widen(const at::Tensor& product) {
  return product.scalar_type() == at::kBFloat16 ? product.to(at::kFloat) : product;
}

}  // namespace

// A processor with AMX has the instruction too.
bool HasBfloat16() { return __builtin_cpu_supports("avx512bf16") != 0; }

at::Tensor Operand(const at::Tensor& tensor, at::ScalarType type) {
  if (type != at::kBFloat16) return tensor;
  const at::Tensor rounded = tensor.to(at::kBFloat16);
  return HasBfloat16() ? rounded : rounded.to(at::kFloat);
}

at::Tensor Forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!IsForOneDnn(x)) return at::linear(x, weight, bias);
  return Widen(OneDnnLinear(x, weight, bias.to(x.scalar_type())));
}

LinearBackward::LinearBackward(const at::Tensor& gradient, at::ScalarType type)
    : gradient_(gradient), operand_(Operand(gradient, type)) {}

at::Tensor LinearBackward::Input(const at::Tensor& weight) const {
  if (!IsForOneDnn(operand_)) return at::mm(operand_, weight);
  return Widen(OneDnnLinear(operand_, weight.t(), std::nullopt));
}

at::Tensor LinearBackward::Weight(const at::Tensor& x) const {
  if (!IsForOneDnnTransposed(operand_)) return at::mm(operand_.t(), x);
  return Widen(OneDnnLinear(operand_.t(), x.t(), std::nullopt));
}

at::Tensor LinearBackward::Bias() const { return gradient_.sum(0); }

}  // namespace vitrine::fused
