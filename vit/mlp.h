// The MLP of a block.

#ifndef VIT_MLP_H_
#define VIT_MLP_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "vit/layers.h"
#include "vit/model.pb.h"

namespace vitrine {

// Linear, activation, Linear.
struct Mlp {
  Mlp(int64_t width, int64_t hidden_width, ModelConfig::Activation activation,
      const at::TensorOptions& options);

  // [B, T, D] to the same
  at::Tensor operator()(const at::Tensor& x) const;

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  Linear hidden;
  ModelConfig::Activation activation;
  Linear output;
};

}  // namespace vitrine

#endif  // VIT_MLP_H_
