// Steps on the way of a model of ours to another package: what that has everywhere and ours has
// not, in a form that changes no result.

#ifndef VIT_EXPORT_FOREIGN_MODEL_H_
#define VIT_EXPORT_FOREIGN_MODEL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/tensors/tensor_map.h"
#include "vit/model.pb.h"

namespace vitrine {

struct ForeignModel {
  TensorMap tensors;
  std::vector<std::string> notes;  // a line each: what has another form there than here
};

// Which tokens in front of the patches have a position there.
struct PositionRows {
  bool class_token = false, distillation_token = false;
  int register_tokens = 0;
};

// FailedPrecondition if the tensors are not those of the config.
absl::Status CheckTensors(const ModelConfig& config, const TensorMap& tensors);

// What is left makes features alone.
void LeaveOutHeads(ForeignModel* model);

// Fixed positions become a tensor, and tokens that have none here get zeros.
void MakePositions(const ModelConfig& config, const PositionRows& rows, ForeignModel* model);

// A bias of zeros for the patches, where there is none.
void MakePatchBias(const ModelConfig& config, ForeignModel* model);

// The bias of the patches becomes part of their positions.
void FoldPatchBias(const ModelConfig& config, ForeignModel* model);

// The projection of patches [D, (row, column, C)] becomes a convolution [D, C, row, column].
void MakeConvolution(const ModelConfig& config, ForeignModel* model);

// Layer scale of ones, where there is none.
void MakeLayerScale(const ModelConfig& config, ForeignModel* model);

// The head reads the class token and the mean of the patches; the one that it reads not here, with
// weights of zero.
void WidenHead(const ModelConfig& config, ForeignModel* model);

}  // namespace vitrine

#endif  // VIT_EXPORT_FOREIGN_MODEL_H_
