// Which patches an image's class is read from, as far as attention tells: attention rollout (Abnar
// and Zuidema, "Quantifying attention flow in transformers", arXiv 2005.00928) and its relatives.
//
//   const AttentionRecord record = RecordAttention(model, images);
//   const auto weights = [&](int64_t layer) { return record.Weights(layer); };
//   const at::Tensor relevance = Rollout(record.depth(), weights, {}, layout);
//   const at::Tensor maps = PatchMaps(relevance, layout);  // [B, rows, columns]
//
// All of it is of float32, and of B images, H heads, T tokens.

#ifndef ANALYSIS_ROLLOUT_H_
#define ANALYSIS_ROLLOUT_H_

#include <cstdint>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "vit/config.h"
#include "vit/model.pb.h"

namespace vitrine {

// Where a model's tokens are: those before the patches, then the patches, row by row.
struct TokenLayout {
  explicit TokenLayout(const ModelConfig& config);

  bool has_class_token;  // the first, from which the class is read; else from the patches' mean
  int64_t prefix;        // the class token and registers
  PatchGrid grid;
};

enum class HeadFusion { kMean, kMax, kMin };

// "mean", "max" or "min"; an error that lists them if it is another.
absl::StatusOr<HeadFusion> ParseHeadFusion(std::string_view name);

struct RolloutOptions {
  HeadFusion head_fusion = HeadFusion::kMean;

  // Of each image and layer, the weakest so large a part of the attention between patches is set to
  // 0, from 0 to below 1. What tokens pay to those before the patches stays.
  double discard_ratio = 0;
};

// [B, H, T, T] of a layer, the first is 0. Each is asked for once, in order, and not kept, so that
// one layer's is in memory at a time.
using OfLayer = absl::FunctionRef<at::Tensor(int64_t layer)>;

// [B, T, T], rows sum to 1: how much of each token of the last layer comes from each of the input.
// A layer passes on half of what attention mixes and half of the token itself, for the residual
// connection: A' = A / 2 + I / 2, and the product is A'_L ... A'_1. Where fusing or discarding has
// changed the sums of rows, A' is divided by them again.
at::Tensor Rollout(int64_t depth, OfLayer weights, const RolloutOptions& options,
                   const TokenLayout& layout);

// [B, T, T]: the last layer's attention alone, heads fused.
at::Tensor LastLayer(int64_t depth, OfLayer weights, HeadFusion fusion);

// [B, T, T], for one class: R <- R + mean over heads of max(0, gradient * A) R, from R = I (Chefer
// et al., "Generic attention-model explainability", arXiv 2103.15679, eq. 5 and 6). Layer l's
// weights go with layer l's gradients.
at::Tensor GradientRollout(int64_t depth, OfLayer weights, OfLayer gradients);

// [B, rows, columns] of sum 1: what the class is read from, among the patches. With a class token
// its row, otherwise the mean of the patches' rows; registers and the class token are left out.
// Where that is 0 everywhere, all patches are equal.
at::Tensor PatchMaps(const at::Tensor& relevance, const TokenLayout& layout);

}  // namespace vitrine

#endif  // ANALYSIS_ROLLOUT_H_
