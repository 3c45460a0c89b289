#include "train/update/parameter_rules.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// From 0 for the embedding to depth + 1 for what follows the blocks.
int64_t LayerOf(std::string_view name, int64_t depth) {
  if (absl::ConsumePrefix(&name, "blocks.")) {
    int64_t block = 0;
    const bool is_number = absl::SimpleAtoi(name.substr(0, name.find('.')), &block);
    return is_number ? block + 1 : 0;
  }
  return absl::StartsWith(name, "final_norm.") || IsHead(name) ? depth + 1 : 0;
}

// Whether the pattern, in which * stands for any text, is the whole text.
bool Matches(std::string_view pattern, std::string_view text) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!absl::ConsumePrefix(&text, pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (Matches(rest, text.substr(skipped))) return true;
  }
  return false;
}

// The last pattern that matches decides.
bool IsFrozen(const OptimizerConfig& config, std::string_view name) {
  bool frozen = false;
  for (std::string_view pattern : config.frozen()) {
    const bool freezes = !absl::ConsumePrefix(&pattern, "!");
    if (Matches(pattern, name)) frozen = freezes;
  }
  return frozen;
}

}  // namespace

bool IsDecayed(OptimizerConfig::Decay rule, std::string_view name, int64_t dimensions) {
  if (rule == OptimizerConfig::ALL) return true;
  if (rule == OptimizerConfig::MATRICES) return dimensions >= 2;
  // Norms have weights too, but of one dimension.
  return absl::EndsWith(name, ".weight") && dimensions == 2;
}

bool IsHiddenMatrix(std::string_view name, int64_t dimensions) {
  return absl::StartsWith(name, "blocks.") && absl::EndsWith(name, ".weight") && dimensions == 2;
}

double LearningRateFactor(const OptimizerConfig& config, std::string_view name, int64_t depth) {
  const double factor = IsHead(name) ? config.head_learning_rate_factor() : 1;
  return factor * std::pow(config.layer_decay(), depth + 1 - LayerOf(name, depth));
}

absl::StatusOr<std::vector<NamedParameter>> Trained(const OptimizerConfig& config,
                                                    const std::vector<NamedParameter>& parameters) {
  for (const std::string_view given : config.frozen()) {
    const std::string_view pattern = absl::StripPrefix(given, "!");
    const bool has_match = std::any_of(
        parameters.begin(), parameters.end(),
        [&](const NamedParameter& parameter) { return Matches(pattern, parameter.name); });
    if (!has_match) {
      return absl::InvalidArgumentError(absl::StrCat("optimizer.frozen: no parameter is named '",
                                                     pattern, "'; vit/README.md has the names"));
    }
  }
  std::vector<NamedParameter> trained;
  for (const NamedParameter& parameter : parameters) {
    if (!IsFrozen(config, parameter.name)) trained.push_back(parameter);
  }
  if (trained.empty()) {
    return absl::InvalidArgumentError("optimizer.frozen: no parameter is left to train");
  }
  return trained;
}

}  // namespace vitrine
