// The small layers that the others are made of. Each is a plain struct of its parameters: copying
// one copies handles to the same tensors, and gradients are libtorch's.

#ifndef VIT_LAYERS_H_
#define VIT_LAYERS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "vit/dropout/dropout_keys.h"

namespace vitrine {

// Called with each parameter's name and tensor, in the order of the forward pass.
using ParameterVisitor = absl::FunctionRef<void(const std::string& name, at::Tensor& parameter)>;

// Named tensors that a forward pass hands out; names are in vit/README.md.
using Intermediates = std::map<std::string, at::Tensor>;

// Whose operators blocks compute in. The fused ones (fused/) form the same sums in less time,
// rounded in another order.
enum class Fusion {
  kNone,  // libtorch's
  kCpu,   // not with intermediates, which they never form
  kGpu,   // for autocast, which has the linear layers round their operands
};

// What a forward pass may depend on besides its input.
struct ForwardContext {
  // Dropout and stochastic depth are active only while training, and draw a key for each mask.
  // Without training no keys are needed.
  bool training = false;
  std::optional<DropoutKeys> dropout_keys;

  // Where not null, filled with every block's output and what its attention hands out.
  Intermediates* intermediates = nullptr;

  Fusion fusion = Fusion::kNone;

  // The type of the products' operands in fused operators, and of what goes from one product to the
  // next; sums, LayerNorm and the residual stream are float32. On a CPU float32 or bfloat16, and
  // autocast has no part in it; on a GPU that of autocast.
  at::ScalarType fused_operands = at::kFloat;

  // While training, keeps only the input of each block for the backward pass, which computes the
  // rest again (recompute.h): the same bits in less memory for more time. Not with intermediates.
  bool recompute_blocks = false;
};

// The key of the next mask in a pass that trains, which is to have some.
DropoutKey DrawDropoutKey(const ForwardContext& context);

constexpr double kLayerNormEpsilon = 1e-5;

// y = x W^T + b
struct Linear {
  Linear(int64_t in, int64_t out, const at::TensorOptions& options, bool has_bias = true);

  // [..., in] to [..., out]
  at::Tensor operator()(const at::Tensor& x) const;

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], undefined where there is none
};

// Normalises the last dimension to mean 0 and variance 1, then scales and shifts (Ba et al., arXiv
// 1607.06450).
struct LayerNorm {
  LayerNorm(int64_t width, const at::TensorOptions& options, double epsilon = kLayerNormEpsilon);

  // [..., width] to the same
  at::Tensor operator()(const at::Tensor& x) const;

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  at::Tensor weight;  // [width]
  at::Tensor bias;    // [width]
  double epsilon;     // added to the variance
};

// While training, zeroes each value with the probability and divides the rest by 1 - probability.
at::Tensor Dropout(const at::Tensor& x, double probability, const ForwardContext& context);

// The same for whole samples, the first dimension of x.
at::Tensor StochasticDepth(const at::Tensor& x, double probability, const ForwardContext& context);

}  // namespace vitrine

#endif  // VIT_LAYERS_H_
