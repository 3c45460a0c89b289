#include "vit/activation.h"

#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/gelu.h"
#include "ATen/ops/gelu_backward.h"
#include "ATen/ops/silu.h"
#include "ATen/ops/silu_backward.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr double kQuick = 1.702;

// Steps of several operators are not rounded to 16 bits.
at::Tensor Exact(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf ? x.to(at::kFloat) : x;
}

at::Tensor QuickGeluBackward(const at::Tensor& gradient, const at::Tensor& given) {
  const at::Tensor x = Exact(given), share = (x * kQuick).sigmoid();
  return (Exact(gradient) * share * (1 + kQuick * x * (1 - share))).to(given.scalar_type());
}

at::Tensor SwigluBackward(const at::Tensor& gradient, const at::Tensor& given) {
  const std::vector<at::Tensor> x = Exact(given).chunk(2, -1);
  const at::Tensor d = Exact(gradient);
  return at::concat({at::silu_backward(d * x[1], x[0]), d * at::silu(x[0])}, -1)
      .to(given.scalar_type());
}

}  // namespace

at::Tensor Activate(ModelConfig::Activation activation, const at::Tensor& x) {
  switch (activation) {
    case ModelConfig::GELU:
      return at::gelu(x);
    case ModelConfig::GELU_TANH:
      return at::gelu(x, "tanh");
    case ModelConfig::QUICK_GELU:
      return x * (x * kQuick).sigmoid();
    case ModelConfig::SWIGLU: {
      const std::vector<at::Tensor> halves = x.chunk(2, -1);
      return at::silu(halves[0]) * halves[1];
    }
  }
  LOG(FATAL) << "not an activation";
}

at::Tensor ActivateBackward(ModelConfig::Activation activation, at::Tensor gradient,
                            const at::Tensor& x) {
  switch (activation) {
    case ModelConfig::GELU:
      return at::gelu_backward_out(gradient, gradient, x);
    case ModelConfig::GELU_TANH:
      return at::gelu_backward_out(gradient, gradient, x, "tanh");
    case ModelConfig::QUICK_GELU:
      return QuickGeluBackward(gradient, x);
    case ModelConfig::SWIGLU:
      return SwigluBackward(gradient, x);
  }
  LOG(FATAL) << "not an activation";
}

int64_t InputsOfEach(ModelConfig::Activation activation) {
  return activation == ModelConfig::SWIGLU ? 2 : 1;
}

}  // namespace vitrine
