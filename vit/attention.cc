#include "vit/attention.h"

#include "ATen/ops/scaled_dot_product_attention.h"

namespace vitrine {

Attention::Attention(int64_t width, int64_t heads, const at::TensorOptions& options)
    : heads(heads), qkv(width, 3 * width, options), projection(width, width, options) {}

at::Tensor Attention::operator()(const at::Tensor& x, const std::string& name,
                                 const ForwardContext& context) const {
  const int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2);
  const at::Tensor packed =
      qkv(x)                                                           // [B, T, 3 D]
          .view({batch, tokens, 3, heads, width / heads})              // [B, T, 3, H, D/H]
          .permute({2, 0, 3, 1, 4});                                   // [3, B, H, T, D/H]
  const at::Tensor q = packed[0], k = packed[1], v = packed[2];        // [B, H, T, D/H]
  const at::Tensor mixed = at::scaled_dot_product_attention(q, k, v);  // [B, H, T, D/H]
  if (context.intermediates != nullptr) {
    context.intermediates->insert_or_assign(name + ".queries", q);
    context.intermediates->insert_or_assign(name + ".keys", k);
    context.intermediates->insert_or_assign(name + ".values", v);
    context.intermediates->insert_or_assign(name + ".mixed", mixed);
  }
  return projection(mixed.transpose(1, 2).reshape({batch, tokens, width}));  // [B, T, D]
}

void Attention::VisitParameters(const std::string& name, ParameterVisitor visit) {
  qkv.VisitParameters(name + ".qkv", visit);
  projection.VisitParameters(name + ".projection", visit);
}

}  // namespace vitrine
