#include "analysis/rollout.h"

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/eye.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/where.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// [B, H, T, T] to [B, T, T].
at::Tensor FuseHeads(const at::Tensor& weights, HeadFusion fusion) {
  switch (fusion) {
    case HeadFusion::kMean:
      return weights.mean(1);
    case HeadFusion::kMax:
      return weights.amax(1);
    case HeadFusion::kMin:
      return weights.amin(1);
  }
  LOG(FATAL) << "not a fusion of heads";
}

at::Tensor Identity(const at::Tensor& like) { return at::eye(like.size(-1), like.options()); }

// Sets the weakest part of what is paid to patches to 0, in each image on its own.
at::Tensor Discard(const at::Tensor& fused, double ratio, const TokenLayout& layout) {
  const at::Tensor to_patches = fused.slice(2, layout.prefix);  // [B, T, n]
  const at::Tensor flat = to_patches.flatten(1);                // [B, T n]
  const auto discarded = static_cast<int64_t>(ratio * static_cast<double>(flat.size(1)));
  if (discarded == 0) return fused;
  const at::Tensor weakest = std::get<1>(flat.topk(discarded, 1, /*largest=*/false));
  const at::Tensor kept = flat.scatter(1, weakest, 0).view_as(to_patches);
  at::Tensor result = fused.clone();
  result.slice(2, layout.prefix).copy_(kept);
  return result;
}

}  // namespace

TokenLayout::TokenLayout(const ModelConfig& config)
    : has_class_token(config.pooling() != ModelConfig::MEAN),
      prefix(PrefixLength(config)),
      grid(config) {}

absl::StatusOr<HeadFusion> ParseHeadFusion(std::string_view name) {
  if (name == "mean") return HeadFusion::kMean;
  if (name == "max") return HeadFusion::kMax;
  if (name == "min") return HeadFusion::kMin;
  return absl::InvalidArgumentError(
      absl::StrCat("--head_fusion: must be mean, max or min, not '", name, "'"));
}

at::Tensor Rollout(int64_t depth, OfLayer weights, const RolloutOptions& options,
                   const TokenLayout& layout) {
  const at::NoGradGuard no_grad;
  CHECK_GT(depth, 0);
  at::Tensor rollout;
  for (int64_t layer = 0; layer < depth; ++layer) {
    const at::Tensor fused =
        Discard(FuseHeads(weights(layer), options.head_fusion), options.discard_ratio, layout);
    at::Tensor passed = (fused + Identity(fused)) / 2;
    passed = passed / passed.sum(-1, /*keepdim=*/true);
    rollout = rollout.defined() ? at::matmul(passed, rollout) : passed;
  }
  return rollout;
}

at::Tensor LastLayer(int64_t depth, OfLayer weights, HeadFusion fusion) {
  const at::NoGradGuard no_grad;
  CHECK_GT(depth, 0);
  return FuseHeads(weights(depth - 1), fusion);
}

at::Tensor GradientRollout(int64_t depth, OfLayer weights, OfLayer gradients) {
  const at::NoGradGuard no_grad;
  CHECK_GT(depth, 0);
  at::Tensor relevance;
  for (int64_t layer = 0; layer < depth; ++layer) {
    const at::Tensor weighted = (weights(layer) * gradients(layer)).clamp_min(0).mean(1);
    if (!relevance.defined()) relevance = Identity(weighted);
    relevance = relevance + at::matmul(weighted, relevance);
  }
  return relevance;
}

at::Tensor PatchMaps(const at::Tensor& relevance, const TokenLayout& layout) {
  const at::NoGradGuard no_grad;
  const at::Tensor read = layout.has_class_token
                              ? relevance.select(1, 0)
                              : relevance.slice(1, layout.prefix).mean(1);  // [B, T]
  at::Tensor patches = read.slice(1, layout.prefix);                        // [B, n]
  const at::Tensor sum = patches.sum(1, /*keepdim=*/true);
  const double equal = 1.0 / static_cast<double>(layout.grid.count());
  patches = at::where(sum > 0, patches / sum, equal);
  return patches.reshape({-1, layout.grid.rows, layout.grid.columns});
}

}  // namespace vitrine
