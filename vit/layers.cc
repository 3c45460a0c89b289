#include "vit/layers.h"

#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/layer_norm.h"
#include "ATen/ops/linear.h"
#include "glog/logging.h"
#include "vit/dropout/dropout_mask.h"

namespace vitrine {
namespace {

// x times a mask of 0 and 1 / keep, the mask broadcast from its shape.
at::Tensor DropBy(const at::Tensor& x, const std::vector<int64_t>& mask_shape, double probability,
                  const ForwardContext& context) {
  if (!context.training || probability == 0) return x;
  return x * DropoutMask(mask_shape, probability, DrawDropoutKey(context), x.options());
}

}  // namespace

DropoutKey DrawDropoutKey(const ForwardContext& context) {
  CHECK(context.dropout_keys.has_value()) << "dropout while training needs keys";
  return DropoutKeys(*context.dropout_keys).Draw();
}

Linear::Linear(int64_t in, int64_t out, const at::TensorOptions& options, bool has_bias)
    : weight(at::empty({out, in}, options)),
      bias(has_bias ? at::empty({out}, options) : at::Tensor()) {}

at::Tensor Linear::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

void Linear::VisitParameters(const std::string& name, ParameterVisitor visit) {
  visit(name + ".weight", weight);
  if (bias.defined()) visit(name + ".bias", bias);
}

LayerNorm::LayerNorm(int64_t width, const at::TensorOptions& options, double epsilon)
    : weight(at::empty({width}, options)), bias(at::empty({width}, options)), epsilon(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
}

void LayerNorm::VisitParameters(const std::string& name, ParameterVisitor visit) {
  visit(name + ".weight", weight);
  visit(name + ".bias", bias);
}

at::Tensor Dropout(const at::Tensor& x, double probability, const ForwardContext& context) {
  return DropBy(x, x.sizes().vec(), probability, context);
}

at::Tensor StochasticDepth(const at::Tensor& x, double probability, const ForwardContext& context) {
  std::vector<int64_t> one_a_sample(x.dim(), 1);
  one_a_sample[0] = x.size(0);
  return DropBy(x, one_a_sample, probability, context);
}

}  // namespace vitrine
