#include "vit/export/onnx_model.h"

#include <cmath>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/concat.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "vit/config.h"
#include "vit/positions.h"

namespace vitrine {
namespace {

// Attention is written as libraries recognise it that have an operator for all of it: products of
// their own for queries, keys and values, MatMul, Div, Softmax, MatMul.
class ModelNodes {
 public:
  ModelNodes(const ModelConfig& config, const TensorMap& tensors, OnnxGraph* graph)
      : config_(config),
        tensors_(tensors),
        graph_(*graph),
        head_width_(config.width() / config.heads()) {}

  void AddAll(const OnnxValue& pixels, bool with_heads) {
    OnnxValue x = AddPrefixAndPositions(EmbedPatches(pixels));
    if (config_.embedding_norm()) x = LayerNorm(x, "embedding_norm");
    for (int i = 0; i < config_.depth(); ++i) x = Block(x, i);
    graph_.BeginPart("head");
    const OnnxValue features = Pool(x);
    if (with_heads) {
      graph_.AddOutput("logits", Classify(features),
                       {"batch", absl::StrCat(config_.num_classes())});
    }
    OnnxShape shape = {"batch", absl::StrCat(HeadInputs(config_))};
    if (config_.distillation_token()) shape.insert(shape.begin() + 1, "2");
    graph_.AddOutput("embedding", features, shape);
  }

 private:
  const at::Tensor& Tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    CHECK(found != tensors_.end()) << name;
    return found->second;
  }

  OnnxValue Weight(const std::string& name) { return graph_.Weight(name, Tensor(name)); }

  // x times the transposed weight, [in, out], as MatMul wants it.
  OnnxValue Product(const OnnxValue& x, const std::string& name, const at::Tensor& weight,
                    const at::Tensor& bias) {
    const OnnxValue product =
        graph_.Add("MatMul", {x, graph_.Weight(name + ".weight", weight.t())});
    if (!bias.defined()) return product;
    return graph_.Add("Add", {product, graph_.Weight(name + ".bias", bias)});
  }

  OnnxValue Linear(const OnnxValue& x, const std::string& name) {
    const auto bias = tensors_.find(name + ".bias");
    return Product(x, name, Tensor(name + ".weight"),
                   bias == tensors_.end() ? at::Tensor() : bias->second);
  }

  OnnxValue LayerNorm(const OnnxValue& x, const std::string& name) {
    return graph_.Add(
        "LayerNormalization", {x, Weight(name + ".weight"), Weight(name + ".bias")},
        {{"axis", -1}, {"epsilon", static_cast<float>(config_.layer_norm_epsilon())}});
  }

  OnnxValue RmsNorm(const OnnxValue& x, const std::string& name) {
    const OnnxValue square =
        graph_.Add("ReduceMean", {graph_.Add("Mul", {x, x}), graph_.Ints({-1})});
    const auto epsilon = static_cast<float>(config_.layer_norm_epsilon());
    const OnnxValue divisor =
        graph_.Add("Sqrt", {graph_.Add("Add", {square, graph_.Float(epsilon)})});
    return graph_.Add("Mul", {graph_.Add("Div", {x, divisor}), Weight(name + ".weight")});
  }

  // Sizes of 0 are those of x.
  OnnxValue Reshape(const OnnxValue& x, const std::vector<int64_t>& shape) {
    return graph_.Add("Reshape", {x, graph_.Ints(shape)});
  }

  OnnxValue Transpose(const OnnxValue& x, const std::vector<int64_t>& order) {
    return graph_.Add("Transpose", {x}, {{"perm", order}});
  }

  // Tokens [begin, end) of x, [B, T, D].
  OnnxValue Tokens(const OnnxValue& x, int64_t begin, int64_t end) {
    return graph_.Add("Slice", {x, graph_.Ints({begin}), graph_.Ints({end}), graph_.Ints({1})});
  }

  // One of them, as [B, D].
  OnnxValue Token(const OnnxValue& x, int64_t index) {
    return graph_.Add("Gather", {x, graph_.Int(index)}, {{"axis", 1}});
  }

  // [B, C, H, W] to [B, n, D]
  OnnxValue EmbedPatches(const OnnxValue& pixels) {
    graph_.BeginPart("patch_embedding");
    const PatchGrid grid(config_);
    const int64_t side = config_.patch_size();
    OnnxValue x = Reshape(pixels, {0, config_.channels(), grid.rows, side, grid.columns, side});
    x = Reshape(Transpose(x, {0, 2, 4, 3, 5, 1}), {0, grid.count(), PatchLength(config_)});
    const std::string name = "patch_embedding";
    if (config_.patch_norms()) x = LayerNorm(x, name + ".input_norm");
    x = Linear(x, name + ".projection");
    return config_.patch_norms() ? LayerNorm(x, name + ".output_norm") : x;
  }

  // All in front of the patches, with those positions that they have, [1, PrefixLength, D], or
  // nothing. `positions` are theirs.
  std::vector<at::Tensor> Prefix(const at::Tensor& positions) const {
    std::vector<at::Tensor> tokens;
    int64_t next = 0;
    const auto add = [&](const std::string& name, bool is_there, bool has_position) {
      if (!is_there) return;
      const at::Tensor& token = Tensor(name);
      tokens.push_back(has_position ? token + positions.narrow(1, next++, 1) : token);
    };
    const bool learned = config_.position_embedding() == ModelConfig::LEARNED;
    add("class_token", HasClassToken(config_), learned && config_.class_token_position());
    add("distillation_token", config_.distillation_token(), learned);
    add("register_tokens", config_.register_tokens() > 0, false);
    return tokens;
  }

  // [B, n, D] to [B, T, D]
  OnnxValue AddPrefixAndPositions(const OnnxValue& patches) {
    const PatchGrid grid(config_);
    const bool learned = config_.position_embedding() == ModelConfig::LEARNED;
    const at::Tensor positions =
        learned ? Tensor("position_embedding")
                : SinCosPositions(grid.rows, grid.columns, config_.width(), at::kFloat);
    const at::Tensor of_patches =
        positions.narrow(1, positions.size(1) - grid.count(), grid.count());
    const OnnxValue x =
        graph_.Add("Add", {patches, graph_.Weight("position_embedding", of_patches)});
    const std::vector<at::Tensor> prefix = Prefix(positions);
    if (prefix.empty()) return x;
    const OnnxValue batch = graph_.Add("Shape", {x}, {{"start", 0}, {"end", 1}});
    const OnnxValue shape = graph_.Add("Concat", {batch, graph_.Ints({1, 1})}, {{"axis", 0}});
    const OnnxValue of_each =
        graph_.Add("Expand", {graph_.Weight("prefix_tokens", at::concat(prefix, 1)), shape});
    return graph_.Add("Concat", {of_each, x}, {{"axis", 1}});
  }

  // Of queries or keys, [B, T, H, D / H].
  OnnxValue HeadNorm(const OnnxValue& x, const std::string& name) {
    switch (config_.query_key_norm()) {
      case ModelConfig::NO_NORM:
        return x;
      case ModelConfig::LAYER_NORM:
        return LayerNorm(x, name);
      case ModelConfig::RMS_NORM:
        return RmsNorm(x, name);
    }
    LOG(FATAL) << "not a norm";
  }

  // Queries, keys or values, which stand one after another in the rows of the packed weight: [B, T,
  // D] to [B, T, H, D / H].
  OnnxValue Heads(const OnnxValue& x, const std::string& attention, int64_t index,
                  const std::string& name) {
    const auto rows = [&](const at::Tensor& packed) {
      return packed.narrow(0, index * config_.width(), config_.width());
    };
    const std::string qkv = attention + ".qkv";
    const at::Tensor bias = config_.qkv_bias() ? rows(Tensor(qkv + ".bias")) : at::Tensor();
    const OnnxValue part =
        Product(x, absl::StrCat(attention, ".", name), rows(Tensor(qkv + ".weight")), bias);
    return Reshape(part, {0, 0, config_.heads(), head_width_});
  }

  // [B, T, D] to what attention adds to the first `queries` tokens; 0 means all.
  OnnxValue Attention(const OnnxValue& x, int64_t queries, const std::string& name) {
    const OnnxValue asking = queries == 0 ? x : Tokens(x, 0, queries);
    const OnnxValue q = HeadNorm(Heads(asking, name, 0, "query"), name + ".query_norm");
    const OnnxValue k = HeadNorm(Heads(x, name, 1, "key"), name + ".key_norm");
    const OnnxValue v = Heads(x, name, 2, "value");
    const OnnxValue scores =
        graph_.Add("MatMul", {Transpose(q, {0, 2, 1, 3}), Transpose(k, {0, 2, 3, 1})});
    const auto scale = static_cast<float>(std::sqrt(static_cast<double>(head_width_)));
    const OnnxValue weights =
        graph_.Add("Softmax", {graph_.Add("Div", {scores, graph_.Float(scale)})}, {{"axis", -1}});
    const OnnxValue mixed = graph_.Add("MatMul", {weights, Transpose(v, {0, 2, 1, 3})});
    return Linear(Reshape(Transpose(mixed, {0, 2, 1, 3}), {0, 0, config_.width()}),
                  name + ".projection");
  }

  OnnxValue Activate(const OnnxValue& x) {
    const auto with_sigmoid = [&](const OnnxValue& x, const OnnxValue& inner) {
      return graph_.Add("Mul", {x, graph_.Add("Sigmoid", {inner})});
    };
    switch (config_.activation()) {
      case ModelConfig::GELU:
        return graph_.Add("Gelu", {x}, {{"approximate", "none"}});
      case ModelConfig::GELU_TANH:
        return graph_.Add("Gelu", {x}, {{"approximate", "tanh"}});
      case ModelConfig::QUICK_GELU:
        return with_sigmoid(x, graph_.Add("Mul", {x, graph_.Float(1.702f)}));
      case ModelConfig::SWIGLU: {
        const std::vector<OnnxValue> halves =
            graph_.AddMany("Split", {x}, 2, {{"axis", -1}, {"num_outputs", 2}});
        return graph_.Add("Mul", {with_sigmoid(halves[0], halves[0]), halves[1]});
      }
    }
    LOG(FATAL) << "not an activation";
  }

  OnnxValue Mlp(const OnnxValue& x, const std::string& name) {
    return Linear(Activate(Linear(x, name + ".hidden")), name + ".output");
  }

  // `scale` is the name of the factors of layer scale.
  OnnxValue AddResidual(const OnnxValue& x, const OnnxValue& branch, const std::string& scale) {
    if (config_.layer_scale() == 0) return graph_.Add("Add", {x, branch});
    return graph_.Add("Add", {x, graph_.Add("Mul", {branch, Weight(scale)})});
  }

  // Of the last block, where the heads read tokens at the front alone, only those.
  OnnxValue Block(const OnnxValue& x, int index) {
    const std::string name = absl::StrCat("blocks.", index);
    graph_.BeginPart(name);
    const int64_t queries = index + 1 == config_.depth() ? ReadTokens(config_) : 0;
    const OnnxValue attended =
        Attention(LayerNorm(x, name + ".attention_norm"), queries, name + ".attention");
    const OnnxValue middle =
        AddResidual(queries == 0 ? x : Tokens(x, 0, queries), attended, name + ".attention_scale");
    return AddResidual(middle, Mlp(LayerNorm(middle, name + ".mlp_norm"), name + ".mlp"),
                       name + ".mlp_scale");
  }

  // [B, T, D] to [B, D]
  OnnxValue MeanOfPatches(const OnnxValue& x) {
    const int64_t prefix = PrefixLength(config_);
    const OnnxValue patches = prefix == 0 ? x : Tokens(x, prefix, SequenceLength(config_));
    return graph_.Add("ReduceMean", {patches, graph_.Ints({1})}, {{"keepdims", 0}});
  }

  // The norm acts on each token by itself, so where the mean comes after it, all have it.
  OnnxValue Pool(const OnnxValue& x) {
    if (config_.distillation_token()) return LayerNorm(x, "final_norm");  // both are all there is
    if (config_.pooling() == ModelConfig::CLASS_TOKEN) return LayerNorm(Token(x, 0), "final_norm");
    if (config_.pooling_norm() == ModelConfig::AFTER_MEAN) {
      return LayerNorm(MeanOfPatches(x), "final_norm");
    }
    const OnnxValue normed = LayerNorm(x, "final_norm");
    if (config_.pooling() == ModelConfig::MEAN) return MeanOfPatches(normed);
    return graph_.Add("Concat", {Token(normed, 0), MeanOfPatches(normed)}, {{"axis", 1}});
  }

  OnnxValue Classify(const OnnxValue& features) {
    if (!config_.distillation_token()) return Linear(features, "head");
    const OnnxValue sum = graph_.Add("Add", {Linear(Token(features, 0), "head"),
                                             Linear(Token(features, 1), "distillation_head")});
    return graph_.Add("Div", {sum, graph_.Float(2)});
  }

  const ModelConfig& config_;
  const TensorMap& tensors_;
  OnnxGraph& graph_;
  const int64_t head_width_;
};

}  // namespace

OnnxValue AddPixels(const ModelConfig& config, OnnxGraph* graph) {
  return graph->AddInput("pixels", onnx::TensorProto::FLOAT,
                         {"batch", absl::StrCat(config.channels()),
                          absl::StrCat(config.image_size()), absl::StrCat(ImageWidth(config))});
}

void AddVisionTransformer(const ModelConfig& config, const TensorMap& tensors,
                          const OnnxValue& pixels, OnnxGraph* graph, bool with_heads) {
  const at::NoGradGuard no_grad;
  ModelNodes(config, tensors, graph).AddAll(pixels, with_heads);
}

}  // namespace vitrine
