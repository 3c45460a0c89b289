#include "vit/import/families.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace vitrine {
namespace {

// Takes `pattern` off the beginning of the name; "N" stands for digits, which it returns, "" where
// there is none.
std::optional<std::string_view> Consume(std::string_view pattern, std::string_view* name) {
  const size_t at = pattern.find('N');
  if (at == std::string_view::npos) {
    return absl::ConsumePrefix(name, pattern) ? std::optional(std::string_view()) : std::nullopt;
  }
  if (!absl::ConsumePrefix(name, pattern.substr(0, at))) return std::nullopt;
  const size_t digits =
      std::find_if_not(name->begin(), name->end(), absl::ascii_isdigit) - name->begin();
  const std::string_view number = name->substr(0, digits);
  name->remove_prefix(digits);
  if (digits == 0 || !absl::ConsumePrefix(name, pattern.substr(at + 1))) return std::nullopt;
  return number;
}

using enum Written;

// https://github.com/huggingface/pytorch-image-models, timm/models/vision_transformer.py and
// deit.py
Family Timm() {
  return {.name = "timm",
          .marks = {"patch_embed.proj.weight"},
          .prefixes = {},
          .renames = {{"cls_token", "class_token"},
                      {"dist_token", "distillation_token"},
                      {"reg_token", "register_tokens"},
                      {"pos_embed", "position_embedding"},
                      {"patch_embed.proj.", "patch_embedding.projection."},
                      {"norm_pre.", "embedding_norm."},
                      {"blocks.N.norm1.", "blocks.N.attention_norm."},
                      {"blocks.N.attn.qkv.", "blocks.N.attention.qkv."},
                      {"blocks.N.attn.q_norm.", "blocks.N.attention.query_norm."},
                      {"blocks.N.attn.k_norm.", "blocks.N.attention.key_norm."},
                      {"blocks.N.attn.proj.", "blocks.N.attention.projection."},
                      {"blocks.N.ls1.gamma", "blocks.N.attention_scale"},
                      {"blocks.N.norm2.", "blocks.N.mlp_norm."},
                      {"blocks.N.mlp.fc1.", "blocks.N.mlp.hidden."},
                      {"blocks.N.mlp.fc2.", "blocks.N.mlp.output."},
                      {"blocks.N.ls2.gamma", "blocks.N.mlp_scale"},
                      {"norm.", "final_norm."},
                      {"fc_norm.", "pooled_norm."},
                      {"head.", "head."},
                      {"head_dist.", "distillation_head."}},
          .unused = {},
          .layer_norm_epsilon = 1e-6,
          .is_always_gelu = false};
}

// https://github.com/huggingface/transformers: modeling_vit.py and modeling_deit.py. Version 5 has
// other names in memory, but writes files with those of version 4.
Family TransformersVit() {
  return {.name = "transformers ViT",
          .marks = {"encoder.layer.0.layernorm_before.weight", "layers.0.layernorm_before.weight"},
          .prefixes = {"vit.", "deit."},
          .renames = {{"embeddings.cls_token", "class_token"},
                      {"embeddings.distillation_token", "distillation_token"},
                      {"embeddings.position_embeddings", "position_embedding"},
                      {"embeddings.patch_embeddings.projection.", "patch_embedding.projection."},
                      {"encoder.layer.N.layernorm_before.", "blocks.N.attention_norm."},
                      {"encoder.layer.N.attention.attention.query.", "blocks.N.attention.query."},
                      {"encoder.layer.N.attention.attention.key.", "blocks.N.attention.key."},
                      {"encoder.layer.N.attention.attention.value.", "blocks.N.attention.value."},
                      {"encoder.layer.N.attention.output.dense.", "blocks.N.attention.projection."},
                      {"encoder.layer.N.layernorm_after.", "blocks.N.mlp_norm."},
                      {"encoder.layer.N.intermediate.dense.", "blocks.N.mlp.hidden."},
                      {"encoder.layer.N.output.dense.", "blocks.N.mlp.output."},
                      {"layers.N.layernorm_before.", "blocks.N.attention_norm.", kNever},
                      {"layers.N.attention.q_proj.", "blocks.N.attention.query.", kNever},
                      {"layers.N.attention.k_proj.", "blocks.N.attention.key.", kNever},
                      {"layers.N.attention.v_proj.", "blocks.N.attention.value.", kNever},
                      {"layers.N.attention.o_proj.", "blocks.N.attention.projection.", kNever},
                      {"layers.N.layernorm_after.", "blocks.N.mlp_norm.", kNever},
                      {"layers.N.mlp.fc1.", "blocks.N.mlp.hidden.", kNever},
                      {"layers.N.mlp.fc2.", "blocks.N.mlp.output.", kNever},
                      {"layernorm.", "final_norm."},
                      {"classifier.", "head."},
                      {"cls_classifier.", "head.", kDistilled},
                      {"distillation_classifier.", "distillation_head."}},
          .unused = {"embeddings.mask_token", "pooler.dense.weight", "pooler.dense.bias"},
          .layer_norm_epsilon = 1e-12,
          .is_always_gelu = false};
}

// The same package: modeling_dinov2.py and modeling_dinov2_with_registers.py
Family TransformersDinov2() {
  return {
      .name = "transformers DINOv2",
      .marks = {"encoder.layer.0.layer_scale1.lambda1"},
      .prefixes = {"dinov2.", "dinov2_with_registers."},
      .renames = {{"embeddings.cls_token", "class_token"},
                  {"embeddings.register_tokens", "register_tokens"},
                  {"embeddings.position_embeddings", "position_embedding"},
                  {"embeddings.patch_embeddings.projection.", "patch_embedding.projection."},
                  {"encoder.layer.N.norm1.", "blocks.N.attention_norm."},
                  {"encoder.layer.N.attention.attention.query.", "blocks.N.attention.query."},
                  {"encoder.layer.N.attention.attention.key.", "blocks.N.attention.key."},
                  {"encoder.layer.N.attention.attention.value.", "blocks.N.attention.value."},
                  {"encoder.layer.N.attention.output.dense.", "blocks.N.attention.projection."},
                  {"encoder.layer.N.attention.q_proj.", "blocks.N.attention.query.", kNever},
                  {"encoder.layer.N.attention.k_proj.", "blocks.N.attention.key.", kNever},
                  {"encoder.layer.N.attention.v_proj.", "blocks.N.attention.value.", kNever},
                  {"encoder.layer.N.attention.o_proj.", "blocks.N.attention.projection.", kNever},
                  {"encoder.layer.N.layer_scale1.lambda1", "blocks.N.attention_scale"},
                  {"encoder.layer.N.norm2.", "blocks.N.mlp_norm."},
                  {"encoder.layer.N.mlp.fc1.", "blocks.N.mlp.hidden."},
                  {"encoder.layer.N.mlp.fc2.", "blocks.N.mlp.output."},
                  {"encoder.layer.N.mlp.weights_in.", "blocks.N.mlp.hidden.", kGated},
                  {"encoder.layer.N.mlp.weights_out.", "blocks.N.mlp.output.", kGated},
                  {"encoder.layer.N.mlp.gate_proj.", "blocks.N.mlp.gate.", kNever},
                  {"encoder.layer.N.mlp.up_proj.", "blocks.N.mlp.up.", kNever},
                  {"encoder.layer.N.mlp.down_proj.", "blocks.N.mlp.output.", kNever},
                  {"encoder.layer.N.layer_scale2.lambda1", "blocks.N.mlp_scale"},
                  {"layernorm.", "final_norm."},
                  {"classifier.", "head."}},
      .unused = {"embeddings.mask_token"},
      .layer_norm_epsilon = 1e-6,
      .is_always_gelu = false};
}

// https://github.com/pytorch/vision, torchvision/models/vision_transformer.py
Family Torchvision() {
  return {
      .name = "torchvision",
      .marks = {"encoder.layers.encoder_layer_0.ln_1.weight"},
      .prefixes = {},
      .renames = {{"class_token", "class_token"},
                  {"encoder.pos_embedding", "position_embedding"},
                  {"conv_proj.", "patch_embedding.projection."},
                  {"encoder.layers.encoder_layer_N.ln_1.", "blocks.N.attention_norm."},
                  {"encoder.layers.encoder_layer_N.self_attention.in_proj_weight",
                   "blocks.N.attention.qkv.weight"},
                  {"encoder.layers.encoder_layer_N.self_attention.in_proj_bias",
                   "blocks.N.attention.qkv.bias"},
                  {"encoder.layers.encoder_layer_N.self_attention.out_proj.",
                   "blocks.N.attention.projection."},
                  {"encoder.layers.encoder_layer_N.ln_2.", "blocks.N.mlp_norm."},
                  {"encoder.layers.encoder_layer_N.mlp.0.", "blocks.N.mlp.hidden."},
                  {"encoder.layers.encoder_layer_N.mlp.linear_1.", "blocks.N.mlp.hidden.", kNever},
                  {"encoder.layers.encoder_layer_N.mlp.3.", "blocks.N.mlp.output."},
                  {"encoder.layers.encoder_layer_N.mlp.linear_2.", "blocks.N.mlp.output.", kNever},
                  {"encoder.ln.", "final_norm."},
                  {"heads.head.", "head."}},
      .unused = {},
      .layer_norm_epsilon = 1e-6,
      .is_always_gelu = true};
}

// https://github.com/lucidrains/vit-pytorch, vit_pytorch/vit.py
Family VitPytorch() {
  return {.name = "vit-pytorch",
          .marks = {"transformer.layers.0.0.norm.weight"},
          .prefixes = {},
          .renames = {{"cls_token", "class_token"},
                      {"pos_embedding", "position_embedding"},
                      {"to_patch_embedding.1.", "patch_embedding.input_norm."},
                      {"to_patch_embedding.2.", "patch_embedding.projection."},
                      {"to_patch_embedding.3.", "patch_embedding.output_norm."},
                      {"transformer.layers.N.0.norm.", "blocks.N.attention_norm."},
                      {"transformer.layers.N.0.to_qkv.", "blocks.N.attention.qkv."},
                      {"transformer.layers.N.0.to_out.0.", "blocks.N.attention.projection."},
                      {"transformer.layers.N.1.net.0.", "blocks.N.mlp_norm."},
                      {"transformer.layers.N.1.net.1.", "blocks.N.mlp.hidden."},
                      {"transformer.layers.N.1.net.4.", "blocks.N.mlp.output."},
                      {"transformer.norm.", "final_norm."},
                      {"mlp_head.", "head."}},
          .unused = {},
          .layer_norm_epsilon = 1e-5,
          .is_always_gelu = true};
}

}  // namespace

std::optional<std::string> Renamed(std::string_view name, std::string_view from,
                                   std::string_view to) {
  const std::optional<std::string_view> number = Consume(from, &name);
  const bool is_layer = absl::EndsWith(from, ".");
  if (!number || (is_layer ? name != "weight" && name != "bias" : !name.empty())) {
    return std::nullopt;
  }
  std::string renamed(to);
  if (!number->empty()) renamed.replace(renamed.find('N'), 1, *number);
  return absl::StrCat(renamed, name);
}

std::span<const Family> Families() {
  static const auto* const families = new std::vector<Family>{
      Timm(), TransformersVit(), TransformersDinov2(), Torchvision(), VitPytorch()};
  return *families;
}

const Family& TimmFamily() { return Families()[0]; }
const Family& TransformersVitFamily() { return Families()[1]; }
const Family& TransformersDinov2Family() { return Families()[2]; }

}  // namespace vitrine
