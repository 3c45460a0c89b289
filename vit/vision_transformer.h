// The Vision Transformer: images in, a score for each class out.
//
//   ModelConfig config;                                    // defaults: MNIST, 28.4 M parameters
//   ASSIGN_OR_RETURN(VisionTransformer model, VisionTransformer::Create(config, /*seed=*/0));
//   const at::Tensor logits = model.Forward(images, {});   // [B, num_classes]

#ifndef VIT_VISION_TRANSFORMER_H_
#define VIT_VISION_TRANSFORMER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/block.h"
#include "vit/layers.h"
#include "vit/model.pb.h"
#include "vit/patch_embedding.h"
#include "vit/readout.h"

namespace vitrine {

struct NamedParameter {
  std::string name;
  at::Tensor tensor;  // a handle to the model's own
};

class VisionTransformer {
 public:
  // A float32 model on the CPU, initialised from the seed as vit/README.md states. A bad config is
  // answered with all of its problems.
  static absl::StatusOr<VisionTransformer> Create(const ModelConfig& config, uint64_t seed);

  // The same shapes without memory: to count, or to check a file against.
  static absl::StatusOr<VisionTransformer> CreateShapesOnly(const ModelConfig& config);

  VisionTransformer(VisionTransformer&&) = default;
  VisionTransformer& operator=(VisionTransformer&&) = default;

  // [B, channels, image_size, ImageWidth(config)] to logits [B, num_classes], in the model's type.
  at::Tensor Forward(const at::Tensor& images, const ForwardContext& context) const;

  // The two halves of that. What the heads read is [B, HeadInputs(config)], or with a distillation
  // token [B, 2, D], which has two heads.
  at::Tensor Features(const at::Tensor& images, const ForwardContext& context) const;
  at::Tensor Classify(const at::Tensor& features) const;

  // What of the tokens stands for each image, [B, ...] as Readout has it; by default the features.
  // The readout is to pass CheckReadout. Blocks above its layer are not run.
  at::Tensor Embed(const at::Tensor& images, const Readout& readout,
                   const ForwardContext& context) const;

  // The parts of that, for those who run the layers otherwise: embedded patches [B, n, D] to all
  // tokens [B, T, D]; and [B, T, D], of which T may be TokensInFront, to what stands for the
  // images.
  const PatchEmbedding& patch_embedding() const { return patch_embedding_; }
  at::Tensor Tokens(const at::Tensor& patches, const ForwardContext& context) const;
  const std::vector<Block>& blocks() const { return blocks_; }
  at::Tensor Read(const at::Tensor& tokens, const Readout& readout) const;

  const ModelConfig& config() const { return config_; }
  at::Device device() const { return head_.weight.device(); }
  at::ScalarType type() const { return head_.weight.scalar_type(); }

  // Every parameter, in the order of the forward pass.
  std::vector<NamedParameter> Parameters() const;

  int64_t ParameterCount() const;

  // The same by name.
  TensorMap Tensors() const;

  // Copies values in. Missing, unknown and misshapen tensors are all named.
  absl::Status Load(const TensorMap& tensors);

  // A model of its own memory, with this one's values, type and device changed as the options say.
  VisionTransformer Clone(const at::TensorOptions& options = {}) const;

 private:
  VisionTransformer(const ModelConfig& config, const at::TensorOptions& options);

  void VisitParameters(ParameterVisitor visit);

  // [B, n, D] to [B, T, D]: positions added, the other tokens put in front.
  at::Tensor AddPrefixAndPositions(at::Tensor patches) const;

  // [B, T, D] to the first `tokens` tokens of the output, [B, tokens, D]; 0 stands for all.
  at::Tensor RunBlock(size_t index, const at::Tensor& x, int64_t tokens,
                      const ForwardContext& context) const;

  at::Tensor MeanOfPatches(const at::Tensor& tokens, const Readout& readout) const;  // [B, D]

  ModelConfig config_;
  PatchEmbedding patch_embedding_;
  // Undefined where there is none: [1, 1, D], [1, 1, D], [1, registers, D].
  at::Tensor class_token_, distillation_token_, register_tokens_;
  at::Tensor position_embedding_;  // learned: [1, S, D]; fixed: [1, n, D], no parameter
  std::optional<LayerNorm> embedding_norm_;
  std::vector<Block> blocks_;
  LayerNorm final_norm_;
  Linear head_;
  std::optional<Linear> distillation_head_;
};

}  // namespace vitrine

#endif  // VIT_VISION_TRANSFORMER_H_
