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
    tensors.push_back(intermediates.at(absl::StrCat("blocks.", layer, ".", what)).detach());
  }
  return tensors;
}

AttentionRecord Record(const at::Tensor& logits, const Intermediates& intermediates,
                       int64_t depth) {
  return {.logits = logits.detach(),
          .queries = OfLayers(intermediates, depth, "queries"),
          .keys = OfLayers(intermediates, depth, "keys"),
          .values = OfLayers(intermediates, depth, "values"),
          .gradients_of_mixed = {}};
}

}  // namespace

at::Tensor AttentionRecord::Weights(int64_t layer) const {
  const at::Tensor q = queries.at(layer).to(at::kFloat), k = keys.at(layer).to(at::kFloat);
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  return at::softmax(at::matmul(q, k.transpose(-1, -2)) * scale, -1);
}

at::Tensor AttentionRecord::Gradients(int64_t layer) const {
  return at::matmul(gradients_of_mixed.at(layer).to(at::kFloat),
                    values.at(layer).to(at::kFloat).transpose(-1, -2));
}

AttentionRecord RecordAttention(const VisionTransformer& model, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  Intermediates intermediates;
  ForwardContext context;
  context.intermediates = &intermediates;
  const at::Tensor logits = model.Forward(images, context);
  return Record(logits, intermediates, model.config().depth());
}

AttentionRecord RecordAttentionFor(const VisionTransformer& model, const at::Tensor& images,
                                   const at::Tensor& classes) {
  const int64_t depth = model.config().depth();
  Intermediates intermediates;
  ForwardContext context;
  context.intermediates = &intermediates;
  const at::Tensor logits = model.Forward(images, context);

  std::vector<at::Tensor> mixed;
  for (int64_t layer = 0; layer < depth; ++layer) {
    mixed.push_back(intermediates.at(absl::StrCat("blocks.", layer, ".mixed")));
    mixed.back().retain_grad();
  }
  // Images do not meet in the model, so the sum of their scores has each one's own gradient.
  const at::Tensor chosen = classes.defined() ? classes : logits.argmax(1);
  const at::Tensor score = logits.gather(1, chosen.unsqueeze(1)).sum();
  score.backward({}, /*retain_graph=*/false, /*create_graph=*/false, at::TensorList(mixed));

  AttentionRecord record = Record(logits, intermediates, depth);
  for (const at::Tensor& tensor : mixed) record.gradients_of_mixed.push_back(tensor.grad());
  return record;
}

}  // namespace vitrine
