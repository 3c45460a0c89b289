#include "vit/mlp.h"

#include "vit/activation.h"

namespace vitrine {

Mlp::Mlp(int64_t width, int64_t hidden_width, ModelConfig::Activation activation,
         const at::TensorOptions& options)
    : hidden(width, InputsOfEach(activation) * hidden_width, options),
      activation(activation),
      output(hidden_width, width, options) {}

at::Tensor Mlp::operator()(const at::Tensor& x) const {
  return output(Activate(activation, hidden(x)));
}

void Mlp::VisitParameters(const std::string& name, ParameterVisitor visit) {
  hidden.VisitParameters(name + ".hidden", visit);
  output.VisitParameters(name + ".output", visit);
}

}  // namespace vitrine
