#include "vit/fused/products.h"

#include <exception>
#include <optional>
#include <string_view>

#include "ATen/Context.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/linear.h"
#include "ATen/ops/mm.h"
#include "ATen/ops/zeros.h"
#include "base/programs/processor.h"

namespace vitrine::fused {
namespace {

using LinearPointwise = at::Tensor(const at::Tensor& x, const at::Tensor& weight,
                                   const std::optional<at::Tensor>& bias, std::string_view post_op,
                                   c10::List<std::optional<at::Scalar>> scalars,
                                   std::optional<std::string_view> algorithm);
using LinearPointwiseBinary = at::Tensor(const at::Tensor& x, const at::Tensor& other,
                                         const at::Tensor& weight,
                                         const std::optional<at::Tensor>& bias,
                                         std::string_view binary_op);
using ReorderLinearWeight = at::Tensor(const at::Tensor& weight, std::optional<int64_t> batch_size);

// oneDNN's x W^T + b, which has no entry in libtorch's headers.
at::Tensor OneDnnLinear(const at::Tensor& x, const at::Tensor& weight,
                        const std::optional<at::Tensor>& bias,
                        Epilogue epilogue = Epilogue::kNone) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                             .typed<LinearPointwise>();
  const char* const pointwise = epilogue == Epilogue::kNone ? "none" : "gelu";
  const char* const algorithm = epilogue == Epilogue::kGeluTanh ? "tanh" : "none";
  return op.call(x, weight, bias, pointwise, c10::List<std::optional<at::Scalar>>(), algorithm);
}

// oneDNN's x W^T + b + addend.
at::Tensor OneDnnLinearPlus(const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, const at::Tensor& addend) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_linear_pointwise", "binary")
                             .typed<LinearPointwiseBinary>();
  return op.call(x, addend, weight, bias, "add");
}

// A weight in oneDNN's own order, for batches of any size.
at::Tensor OneDnnPack(const at::Tensor& weight) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_reorder_linear_weight", "")
                             .typed<ReorderLinearWeight>();
  return op.call(weight, std::nullopt);
}

at::Tensor Apply(Epilogue epilogue, const at::Tensor& x) {
  if (epilogue == Epilogue::kNone) return x;
  return at::gelu(x, epilogue == Epilogue::kGeluTanh ? "tanh" : "none");
}

bool IsForOneDnn(const at::Tensor& factor) {
  static const bool has = at::hasMKLDNN();
  return has && factor.scalar_type() != at::kDouble;
}

// Where both are transposed MKL is the faster in float32 with AVX2, and in bfloat16 the product
// that at::mm asks of oneDNN.
bool IsForOneDnnTransposed(const at::Tensor& factor) {
  static const bool wide = HasAvx512();
  return IsForOneDnn(factor) && wide && factor.scalar_type() == at::kFloat;
}

// ONEDNN_MAX_CPU_ISA may keep oneDNN from the instructions that the processor has.
bool HasBfloat16Products() {
  const at::Tensor zero = at::zeros({1, 1}, at::kBFloat16);
  try {
    OneDnnLinear(zero, zero, std::nullopt);
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

// An operand as this processor multiplies it. libtorch's substitute for instructions of bfloat16 is
// 40 times as slow as a product of float32.
at::Tensor Factor(const at::Tensor& operand) {
  static const bool has_bfloat16 = at::hasMKLDNN() && HasBfloat16() && HasBfloat16Products();
  return operand.scalar_type() == at::kBFloat16 && !has_bfloat16 ? operand.to(at::kFloat) : operand;
}

std::optional<at::Tensor> Bias(const at::Tensor& bias, at::ScalarType type) {
  return bias.defined() ? std::optional(Factor(bias.to(type))) : std::nullopt;
}

// The gradient of a parameter, whose tensor is never of 16 bits.
at::Tensor Parameter(const at::Tensor& gradient) {
  return gradient.scalar_type() == at::kBFloat16 ? gradient.to(at::kFloat) : gradient;
}

}  // namespace

at::Tensor Operand(const at::Tensor& tensor, at::ScalarType type) {
  return type == at::kBFloat16 ? tensor.to(type) : tensor;
}

at::Tensor Pack(const at::Tensor& weight) {
  const at::Tensor factor = Factor(weight);
  return IsForOneDnn(factor) ? OneDnnPack(factor.contiguous()) : factor;
}

at::Tensor Forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   Epilogue epilogue) {
  const at::ScalarType type = x.scalar_type();
  const at::Tensor factor = Factor(x), by = Factor(weight);
  const std::optional<at::Tensor> added = Bias(bias, type);
  const at::Tensor y = IsForOneDnn(factor) ? OneDnnLinear(factor, by, added, epilogue)
                                           : Apply(epilogue, at::linear(factor, by, added));
  return y.to(type);
}

at::Tensor ForwardPlus(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const at::Tensor& addend) {
  const at::Tensor factor = Factor(x);
  if (!IsForOneDnn(factor)) return Forward(x, weight, bias) + addend;
  return OneDnnLinearPlus(factor, Factor(weight), Bias(bias, x.scalar_type()), Factor(addend))
      .to(x.scalar_type());
}

LinearBackward::LinearBackward(const at::Tensor& gradient, at::ScalarType type)
    : gradient_(gradient), factor_(Factor(Operand(gradient, type))) {}

at::Tensor LinearBackward::Input(const at::Tensor& weight) const {
  const at::Tensor by = Factor(weight);
  const at::Tensor d_x =
      IsForOneDnn(factor_) ? OneDnnLinear(factor_, by.t(), std::nullopt) : at::mm(factor_, by);
  return d_x.to(weight.scalar_type());
}

at::Tensor LinearBackward::Weight(const at::Tensor& x) const {
  if (!IsForOneDnnTransposed(factor_)) return Parameter(at::mm(factor_.t(), Factor(x)));
  return OneDnnLinear(factor_.t(), Factor(x).t(), std::nullopt);
}

at::Tensor LinearBackward::Bias() const { return Parameter(gradient_.sum(0)); }

}  // namespace vitrine::fused
