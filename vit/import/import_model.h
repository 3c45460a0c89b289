// Weights of other packages as a model of ours.
//
//   ASSIGN_OR_RETURN(const ImportedModel model, ImportModel(tensors, /*known=*/{}));
//   for (const std::string& note : model.notes) LOG(INFO) << note;

#ifndef VIT_IMPORT_IMPORT_MODEL_H_
#define VIT_IMPORT_IMPORT_MODEL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/model.pb.h"

namespace vitrine {

struct ImportedModel {
  ModelConfig config;
  TensorMap tensors;               // for VisionTransformer::Load
  std::vector<std::string> notes;  // a line each: whose they are, what was taken for granted, what
                                   // was left over or made new
};

// From the tensors of a model of timm, transformers, torchvision or vit-pytorch. `known` has the
// fields that are known from elsewhere; the others follow from names and shapes, or are what the
// package has by default, which a note says. Errors name the tensor or the field.
absl::StatusOr<ImportedModel> ImportModel(const TensorMap& tensors, const ModelConfig& known);

}  // namespace vitrine

#endif  // VIT_IMPORT_IMPORT_MODEL_H_
