#include "analysis/attention.h"

#include <cmath>
#include <string>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/matmul.h"
#include "ATen/ops/softmax.h"
#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

// [B, H, T, D / H] of each layer.
std::vector<at::Tensor> OfLayers(const Intermediates& intermediates, int64_t depth,
                                 std::string_view what) {
  std::vector<at::Tensor> tensors;
  for (int64_t layer = 0; layer < depth; ++layer) {
    tensors.push_back(intermediates.at(absl::StrCat("blocks.", layer, ".", what)));
  }
  return tensors;
}

std::vector<at::Tensor> Weights(const Intermediates& intermediates, int64_t depth) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> queries = OfLayers(intermediates, depth, "queries");
  const std::vector<at::Tensor> keys = OfLayers(intermediates, depth, "keys");
  std::vector<at::Tensor> weights;
  for (int64_t layer = 0; layer < depth; ++layer) {
    const at::Tensor q = queries[layer].to(at::kFloat), k = keys[layer].to(at::kFloat);
    const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
    weights.push_back(at::softmax(at::matmul(q, k.transpose(-1, -2)) * scale, -1));
  }
  return weights;
}

}  // namespace

AttentionRecord RecordAttention(const VisionTransformer& model, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  Intermediates intermediates;
  ForwardContext context;
  context.intermediates = &intermediates;
  AttentionRecord record;
  record.logits = model.Forward(images, context);
  record.weights = Weights(intermediates, model.config().depth());
  return record;
}

AttentionRecord RecordAttentionFor(const VisionTransformer& model, const at::Tensor& images,
                                   const at::Tensor& classes) {
  const int64_t depth = model.config().depth();
  Intermediates intermediates;
  ForwardContext context;
  context.intermediates = &intermediates;
  const at::Tensor logits = model.Forward(images, context);

  std::vector<at::Tensor> mixed = OfLayers(intermediates, depth, "mixed");
  for (at::Tensor& tensor : mixed) tensor.retain_grad();
  // Images do not meet in the model, so the sum of their scores has each one's own gradient.
  const at::Tensor chosen = classes.defined() ? classes : logits.argmax(1);
  const at::Tensor score = logits.gather(1, chosen.unsqueeze(1)).sum();
  score.backward({}, /*retain_graph=*/false, /*create_graph=*/false, at::TensorList(mixed));

  const at::NoGradGuard no_grad;
  AttentionRecord record;
  record.logits = logits.detach();
  record.weights = Weights(intermediates, depth);
  const std::vector<at::Tensor> values = OfLayers(intermediates, depth, "values");
  for (int64_t layer = 0; layer < depth; ++layer) {
    record.gradients.push_back(at::matmul(mixed[layer].grad().to(at::kFloat),
                                          values[layer].detach().to(at::kFloat).transpose(-1, -2)));
  }
  return record;
}

}  // namespace vitrine
