// The first values of every parameter.

#ifndef VIT_INITIALIZATION_H_
#define VIT_INITIALIZATION_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "vit/model.pb.h"

namespace vitrine {

// Fills one parameter of the model. The numbers depend on (seed, name) alone, so that an option
// which adds a parameter leaves all others as they were. vit/README.md has the rule for every
// layer.
void Initialize(const ModelConfig& config, const std::string& name, uint64_t seed,
                at::Tensor& parameter);

}  // namespace vitrine

#endif  // VIT_INITIALIZATION_H_
