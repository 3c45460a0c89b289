#include "vit/readout.h"

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "vit/config.h"

namespace vitrine {

using Tokens = Readout::Tokens;

std::string_view TokensName(Tokens tokens) {
  switch (tokens) {
    case Tokens::kHead:
      return "head";
    case Tokens::kClass:
      return "class";
    case Tokens::kMean:
      return "mean";
    case Tokens::kPatches:
      return "patches";
  }
  LOG(FATAL) << "not tokens: " << static_cast<int>(tokens);
}

absl::StatusOr<Tokens> ParseTokens(std::string_view name) {
  for (const Tokens tokens : {Tokens::kHead, Tokens::kClass, Tokens::kMean, Tokens::kPatches}) {
    if (name == TokensName(tokens)) return tokens;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--tokens: must be head, class, mean or patches, not '", name, "'"));
}

absl::Status CheckReadout(const ModelConfig& config, const Readout& readout) {
  const int64_t layer = readout.layer;
  if (layer != Readout::kLastLayer && (layer < 1 || layer > config.depth())) {
    return absl::InvalidArgumentError(absl::StrCat("--layer: must be 1 to ", config.depth(),
                                                   ", the model's blocks, or -1 for the last, not ",
                                                   layer));
  }
  if (readout.tokens == Tokens::kClass && !HasClassToken(config)) {
    return absl::InvalidArgumentError(
        "--tokens: the model has no class token; take head, mean or patches");
  }
  return absl::OkStatus();
}

int64_t LayersOf(const ModelConfig& config, const Readout& readout) {
  return readout.layer == Readout::kLastLayer ? config.depth() : readout.layer;
}

int64_t TokensInFront(const ModelConfig& config, const Readout& readout) {
  if (readout.tokens == Tokens::kHead) return ReadTokens(config);
  return readout.tokens == Tokens::kClass ? 1 : 0;
}

bool NormsTokens(const ModelConfig& config, const Readout& readout) {
  const bool is_of_mean =
      config.pooling() == ModelConfig::MEAN && config.pooling_norm() == ModelConfig::AFTER_MEAN;
  return readout.final_norm && !is_of_mean;
}

}  // namespace vitrine
