// Fine-tuning: the tensors of one model, made to fit another that has other classes or takes larger
// or smaller images.
//
//   ASSIGN_OR_RETURN(Adaptation adapted, AdaptTensors(checkpoint_config, tensors, model));
//   RETURN_IF_ERROR(model.Load(adapted.tensors));
//   for (const std::string& change : adapted.changes) LOG(INFO) << change;

#ifndef VIT_ADAPT_H_
#define VIT_ADAPT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/model.pb.h"
#include "vit/vision_transformer.h"

namespace vitrine {

struct Adaptation {
  TensorMap tensors;                 // for VisionTransformer::Load; handles where nothing changed
  std::vector<std::string> changes;  // a line for every tensor that is not as it was
};

// `tensors` are those of a model of the config `from`.
//
// Without `same_classes`, or with another num_classes, the head is that of `to`. Another image_size
// or image_width resamples learned positions as a picture of the patches (bicubic and antialiased,
// in float32; Dosovitskiy et al., arXiv 2010.11929, section 3.2); a class token's position stays.
// Fields that only training reads may differ: dropout, stochastic_depth, and those of first values,
// which are initialization, zero_head and layer_scale where both have one. Any other difference is
// an error that names each of them: the tensors would not fit or, with another number of heads,
// mean something else.
absl::StatusOr<Adaptation> AdaptTensors(const ModelConfig& from, const TensorMap& tensors,
                                        const VisionTransformer& to, bool same_classes = true);

}  // namespace vitrine

#endif  // VIT_ADAPT_H_
