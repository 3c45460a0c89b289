// Which of a model's tokens stand for an image, where it is not to be classified.
//
//   const Readout readout = {.tokens = Readout::Tokens::kClass, .layer = 11};
//   RETURN_IF_ERROR(CheckReadout(model.config(), readout));
//   const at::Tensor rows = model.Embed(images, readout, {});   // [B, D]

#ifndef VIT_READOUT_H_
#define VIT_READOUT_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vit/model.pb.h"

namespace vitrine {

struct Readout {
  enum class Tokens {
    kHead,     // what the head reads, [B, HeadInputs(config)], or of two heads [B, 2, D]
    kClass,    // the class token, [B, D]
    kMean,     // the mean of the patches, [B, D]
    kPatches,  // all patches, row by row, [B, n, D]
  };

  static constexpr int64_t kLastLayer = -1;

  Tokens tokens = Tokens::kHead;
  int64_t layer = kLastLayer;  // or how many blocks the image passes through, from 1

  // Whether the last LayerNorm is applied, whatever the layer (as Oquab et al., arXiv 2304.07193,
  // read their layers); otherwise tokens are as the next block reads them. Where it is one of the
  // mean (ModelConfig::AFTER_MEAN), class token and patches have none.
  bool final_norm = true;
};

// "head", "class", "mean" or "patches".
std::string_view TokensName(Readout::Tokens tokens);

// The tokens of this name; an error that lists the names if there are none.
absl::StatusOr<Readout::Tokens> ParseTokens(std::string_view name);

// InvalidArgument if the model has no such token or layer.
absl::Status CheckReadout(const ModelConfig& config, const Readout& readout);

// The functions below want one without such an error.

// Blocks to run.
int64_t LayersOf(const ModelConfig& config, const Readout& readout);

// Tokens at the front that are read; 0 if others are too.
int64_t TokensInFront(const ModelConfig& config, const Readout& readout);

// Whether class token and patches are normalised by themselves.
bool NormsTokens(const ModelConfig& config, const Readout& readout);

}  // namespace vitrine

#endif  // VIT_READOUT_H_
