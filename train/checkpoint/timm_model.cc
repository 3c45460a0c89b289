#include "train/checkpoint/timm_model.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

// Of timm's vision_transformer.py and deit.py those whose tensors would be read as another model.
struct Unusual {
  std::string_view name;
  int heads;
  ModelConfig::Activation activation;
};

constexpr Unusual kUnusual[] = {
    {"test_vit", 2, ModelConfig::GELU},
    {"test_vit2", 2, ModelConfig::GELU},
    {"vit_base_patch16_gap_224", 16, ModelConfig::GELU},
    {"vit_base_patch32_siglip_gap_256", 12, ModelConfig::GELU_TANH},
    {"vit_giantopt_patch16_siglip_gap_256", 16, ModelConfig::GELU_TANH},
    {"vit_giantopt_patch16_siglip_gap_384", 16, ModelConfig::GELU_TANH},
    {"vit_large_patch16_siglip_gap_512", 16, ModelConfig::GELU_TANH},
    {"vit_so400m_patch16_siglip_gap_256", 16, ModelConfig::GELU_TANH},
    {"vit_so400m_patch16_siglip_gap_384", 16, ModelConfig::GELU_TANH},
    {"vit_so400m_patch16_siglip_gap_512", 16, ModelConfig::GELU_TANH},
};

// Arguments of timm's VisionTransformer that tensors show or only training reads, and those that
// are followed below.
constexpr std::string_view kKnown[] = {
    "img_size",       "patch_size",    "in_chans",        "num_classes",      "embed_dim",
    "depth",          "mlp_ratio",     "qkv_bias",        "qk_norm",          "scale_attn_norm",
    "scale_mlp_norm", "proj_bias",     "init_values",     "class_token",      "pos_embed",
    "no_embed_class", "reg_tokens",    "pre_norm",        "final_norm",       "fc_norm",
    "drop_rate",      "pos_drop_rate", "patch_drop_rate", "proj_drop_rate",   "attn_drop_rate",
    "drop_path_rate", "weight_init",   "fix_init",        "dynamic_img_size", "strict_img_size",
    "num_heads",      "act_layer",     "norm_layer",      "global_pool"};

void AddArchitecture(JsonFields* fields, ModelConfig* model) {
  static constexpr char kField[] = "architecture";
  const std::string name = fields->String(kField).value_or("");
  if (absl::StrContains(name, "_rpn_")) {
    fields->Refuse(kField, absl::StrCat(name, " normalises after its layers, and ours before"));
  }
  // All of timm's but CLIP have its default.
  if (!name.empty()) model->set_layer_norm_epsilon(absl::StrContains(name, "_clip_") ? 1e-5 : 1e-6);
  if (absl::StrContains(name, "quickgelu")) model->set_activation(ModelConfig::QUICK_GELU);
  for (const Unusual& unusual : kUnusual) {
    if (name != unusual.name) continue;
    model->set_heads(unusual.heads);
    model->set_activation(unusual.activation);
  }
}

std::optional<ModelConfig::Activation> ToActivation(const std::string& name, JsonFields* fields) {
  if (name == "gelu") return ModelConfig::GELU;
  if (name == "gelu_tanh") return ModelConfig::GELU_TANH;
  if (name == "quick_gelu") return ModelConfig::QUICK_GELU;
  return fields->Refuse("act_layer", absl::StrCat(name, " is none of gelu, gelu_tanh, quick_gelu"));
}

void AddPooling(JsonFields* fields, ModelConfig* model) {
  static constexpr char kField[] = "global_pool";
  const std::string name = fields->String(kField).value_or("");
  if (name == "token") {
    model->set_pooling(ModelConfig::CLASS_TOKEN);
  } else if (name == "avg") {
    model->set_pooling(ModelConfig::MEAN);
  } else if (!name.empty()) {
    fields->Refuse(kField, absl::StrCat(name, " is neither token nor avg"));
  }
}

void AddArguments(JsonFields arguments, ModelConfig* model) {
  for (const std::string& name : arguments.Names()) {
    if (std::count(std::begin(kKnown), std::end(kKnown), name) > 0) continue;
    arguments.Refuse(name.c_str(), "is not known here, and may be of another model than ours");
  }
  if (const auto heads = arguments.Positive("num_heads")) model->set_heads(*heads);
  if (const auto name = arguments.String("act_layer")) {
    if (const auto activation = ToActivation(*name, &arguments)) model->set_activation(*activation);
  }
  if (const auto norm = arguments.String("norm_layer")) {
    if (*norm == "layernorm") {
      model->set_layer_norm_epsilon(1e-6);
    } else {
      arguments.Refuse("norm_layer", absl::StrCat(*norm, " is no layernorm"));
    }
  }
  AddPooling(&arguments, model);
}

}  // namespace

void AddTimmModel(JsonFields* fields, ModelConfig* model) {
  AddArchitecture(fields, model);
  AddPooling(fields, model);
  AddArguments(fields->In("model_args"), model);
}

}  // namespace vitrine
