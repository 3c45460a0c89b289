// One block of the encoder: attention and MLP, each normalised first and added to its input.

#ifndef VIT_BLOCK_H_
#define VIT_BLOCK_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "vit/attention.h"
#include "vit/fused/cuda/add_norm.h"
#include "vit/layers.h"
#include "vit/mlp.h"
#include "vit/model.pb.h"

namespace vitrine {

struct Block {
  // `index` counts from 0 and sets the rate of stochastic depth.
  Block(const ModelConfig& config, int64_t index, const at::TensorOptions& options);

  // [B, T, D] to the first `tokens` tokens of the output, [B, tokens, D]. Hands out "<name>.output"
  // besides what Attention does.
  at::Tensor operator()(const at::Tensor& x, int64_t tokens, const std::string& name,
                        const ForwardContext& context) const;

  void VisitParameters(const std::string& name, ParameterVisitor visit);

  double projection_dropout, mlp_dropout;
  double stochastic_depth;
  LayerNorm attention_norm;
  Attention attention;
  at::Tensor attention_scale;  // [D], undefined without layer scale
  LayerNorm mlp_norm;
  Mlp mlp;
  at::Tensor mlp_scale;  // [D], undefined without layer scale

 private:
  at::Tensor Run(const at::Tensor& x, int64_t tokens, const std::string& name,
                 const ForwardContext& context) const;

  // By the operators for a GPU, of which one reaches from the attention to the MLP.
  at::Tensor RunFusedForGpu(const at::Tensor& x, int64_t tokens, const std::string& name,
                            const ForwardContext& context) const;

  // Attention and MLP of what is normalised first: [B, T, D] to [B, tokens, D], and to the same.
  at::Tensor NormAttend(const at::Tensor& x, int64_t tokens, const std::string& name,
                        const ForwardContext& context) const;
  at::Tensor NormMlp(const at::Tensor& x, const ForwardContext& context) const;

  // What is between the MLP's products, of what the first one is of.
  at::Tensor ActivateForGpu(const at::Tensor& normed) const;

  // The residual stream x with a branch added, that scaled and partly dropped.
  at::Tensor AddResidual(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& scale,
                         double dropout, const ForwardContext& context) const;

  // Whether a branch is dropped partly and nothing else.
  bool IsOnlyDropped(const at::Tensor& scale) const;

  // For the operators for a GPU.
  fused::cuda::SumAndNorm AddAttendedAndNorm(const at::Tensor& x, const at::Tensor& attended,
                                             const ForwardContext& context) const;
};

}  // namespace vitrine

#endif  // VIT_BLOCK_H_
