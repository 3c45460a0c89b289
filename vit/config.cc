#include "vit/config.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/problems.h"

namespace vitrine {
namespace {

// Larger values are typing errors, and would overflow or exhaust memory before anyone saw them.
constexpr int kMaxSize = 1 << 16;

}  // namespace

std::vector<std::string> ModelConfigProblems(const ModelConfig& config) {
  Problems problems;
  problems.InRange("model.image_size", config.image_size(), 1, kMaxSize);
  if (config.has_image_width()) {
    problems.InRange("model.image_width", config.image_width(), 1, kMaxSize);
  }
  problems.InRange("model.channels", config.channels(), 1, 1024);
  problems.InRange("model.patch_size", config.patch_size(), 1, kMaxSize);
  problems.InRange("model.num_classes", config.num_classes(), 1, 1'000'000);
  problems.InRange("model.depth", config.depth(), 1, 1000);
  problems.InRange("model.heads", config.heads(), 1, 1024);
  problems.InRange("model.width", config.width(), 1, kMaxSize);
  problems.InRange("model.register_tokens", config.register_tokens(), 0, 1024);
  problems.InRange("model.layer_norm_epsilon", config.layer_norm_epsilon(), 1e-15, 1e-2);
  problems.InRange("model.dropout", config.dropout(), 0, 0.99);
  problems.InRange("model.embedding_dropout", config.embedding_dropout(), 0, 0.99);
  problems.InRange("model.projection_dropout", config.projection_dropout(), 0, 0.99);
  problems.InRange("model.mlp_dropout", config.mlp_dropout(), 0, 0.99);
  problems.InRange("model.attention_dropout", config.attention_dropout(), 0, 0.99);
  problems.InRange("model.stochastic_depth", config.stochastic_depth(), 0, 0.99);
  problems.InRange("model.layer_scale", config.layer_scale(), 0, 10);
  if (config.has_mlp_width()) {
    problems.InRange("model.mlp_width", config.mlp_width(), 1, 4 * kMaxSize);
  }
  const auto check_patches = [&](std::string_view field, int64_t pixels) {
    problems.Check(config.patch_size() < 1 || pixels < 1 || pixels % config.patch_size() == 0,
                   absl::StrCat("model.patch_size: ", config.patch_size(), " does not divide ",
                                field, " ", pixels));
  };
  check_patches("model.image_size", config.image_size());
  if (config.has_image_width()) check_patches("model.image_width", config.image_width());
  problems.Check(config.heads() < 1 || config.width() % config.heads() == 0,
                 absl::StrCat("model.heads: ", config.heads(), " does not divide model.width ",
                              config.width()));
  problems.Check(config.pooling() == ModelConfig::MEAN || HasClassToken(config),
                 absl::StrCat("model.class_token: model.pooling ",
                              ModelConfig::Pooling_Name(config.pooling()), " reads it"));
  problems.Check(!config.distillation_token() || config.pooling() == ModelConfig::CLASS_TOKEN,
                 "model.distillation_token: is read beside a class token, so model.pooling must be "
                 "CLASS_TOKEN");
  problems.Check(
      !config.distillation_token() || config.position_embedding() == ModelConfig::LEARNED,
      "model.distillation_token: has a position, so model.position_embedding must be "
      "LEARNED");
  problems.Check(config.pooling() != ModelConfig::CLASS_AND_MEAN ||
                     config.pooling_norm() == ModelConfig::BEFORE_MEAN,
                 "model.pooling_norm: must be BEFORE_MEAN with model.pooling CLASS_AND_MEAN");
  problems.Check(config.position_embedding() != ModelConfig::SINCOS_2D ||
                     (config.width() % 4 == 0 && config.width() >= 8),
                 absl::StrCat("model.width: SINCOS_2D positions need a multiple of 4 from 8, is ",
                              config.width()));
  return problems.Take();
}

int64_t ImageWidth(const ModelConfig& config) {
  return config.has_image_width() ? config.image_width() : config.image_size();
}

PatchGrid::PatchGrid(const ModelConfig& config)
    : rows(config.image_size() / config.patch_size()),
      columns(ImageWidth(config) / config.patch_size()) {}

int64_t PatchLength(const ModelConfig& config) {
  return int64_t{config.patch_size()} * config.patch_size() * config.channels();
}

int64_t MlpWidth(const ModelConfig& config) {
  return config.has_mlp_width() ? config.mlp_width() : int64_t{4} * config.width();
}

double EmbeddingDropout(const ModelConfig& config) {
  return config.has_embedding_dropout() ? config.embedding_dropout() : config.dropout();
}

double ProjectionDropout(const ModelConfig& config) {
  return config.has_projection_dropout() ? config.projection_dropout() : config.dropout();
}

double MlpDropout(const ModelConfig& config) {
  return config.has_mlp_dropout() ? config.mlp_dropout() : config.dropout();
}

bool HasClassToken(const ModelConfig& config) {
  return config.has_class_token() ? config.class_token() : config.pooling() != ModelConfig::MEAN;
}

bool IsHead(std::string_view parameter) {
  return absl::StartsWith(parameter, "head.") || absl::StartsWith(parameter, "distillation_head.");
}

int64_t ReadTokens(const ModelConfig& config) {
  if (config.pooling() != ModelConfig::CLASS_TOKEN) return 0;
  return config.distillation_token() ? 2 : 1;
}

int64_t HeadInputs(const ModelConfig& config) {
  return config.pooling() == ModelConfig::CLASS_AND_MEAN ? int64_t{2} * config.width()
                                                         : config.width();
}

int64_t PositionPrefix(const ModelConfig& config) {
  return (HasClassToken(config) && config.class_token_position() ? 1 : 0) +
         (config.distillation_token() ? 1 : 0);
}

int64_t PrefixLength(const ModelConfig& config) {
  return (HasClassToken(config) ? 1 : 0) + (config.distillation_token() ? 1 : 0) +
         config.register_tokens();
}

int64_t SequenceLength(const ModelConfig& config) {
  return PrefixLength(config) + PatchGrid(config).count();
}

}  // namespace vitrine
