// Maps of what a model looked at, by the method of one's choice.
//
//   const Relevance relevance = ComputeRelevance(model, images, {});
//   relevance.maps[0];   // [rows, columns] of sum 1, for the first image

#ifndef ANALYSIS_RELEVANCE_H_
#define ANALYSIS_RELEVANCE_H_

#include <string_view>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "analysis/rollout.h"
#include "vit/vision_transformer.h"

namespace vitrine {

enum class Method {
  kRollout,    // attention through all layers, for no class in particular
  kLastLayer,  // the last layer's attention alone
  kGradient,   // attention through all layers, weighted by the gradients of the predicted class
};

// "rollout", "last_layer" or "gradient"; an error that lists them if it is another.
absl::StatusOr<Method> ParseMethod(std::string_view name);

struct RelevanceOptions {
  Method method = Method::kRollout;
  RolloutOptions rollout = {};  // head fusion for the last layer too; nothing of it for gradients
};

struct Relevance {
  at::Tensor logits;  // [B, K]
  at::Tensor maps;    // float32 [B, n, n], of sum 1 each
};

// For normalised images [B, C, S, S] on the model's device.
Relevance ComputeRelevance(const VisionTransformer& model, const at::Tensor& images,
                           const RelevanceOptions& options);

}  // namespace vitrine

#endif  // ANALYSIS_RELEVANCE_H_
