// What a ModelConfig means, and whether it can mean anything.

#ifndef VIT_CONFIG_H_
#define VIT_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vit/model.pb.h"

namespace vitrine {

// Every reason why the config describes no model, one line each, beginning with the field's name.
std::vector<std::string> ModelConfigProblems(const ModelConfig& config);

// The functions below want a config without problems.

// Pixels of a row of an image; image_size is its height.
int64_t ImageWidth(const ModelConfig& config);

// The patches of an image.
struct PatchGrid {
  explicit PatchGrid(const ModelConfig& config);

  int64_t count() const { return rows * columns; }  // n in the paper

  friend bool operator==(const PatchGrid&, const PatchGrid&) = default;

  int64_t rows, columns;
};

// Numbers in a patch: patch_size * patch_size * channels.
int64_t PatchLength(const ModelConfig& config);

int64_t MlpWidth(const ModelConfig& config);

// Of each place its own, or that of all.
double EmbeddingDropout(const ModelConfig& config);
double ProjectionDropout(const ModelConfig& config);
double MlpDropout(const ModelConfig& config);

bool HasClassToken(const ModelConfig& config);

// Whether the parameter of the name is part of a head, whose shape depends on the classes.
bool IsHead(std::string_view parameter);

// Tokens at the front that heads read: class token and distillation token, or none.
int64_t ReadTokens(const ModelConfig& config);

// Numbers of what the head reads.
int64_t HeadInputs(const ModelConfig& config);

// Tokens with a position in front of the patches, if positions are learned.
int64_t PositionPrefix(const ModelConfig& config);

// Tokens in front of the patches: the class token, the distillation token, the registers.
int64_t PrefixLength(const ModelConfig& config);

// T: all tokens of a sequence.
int64_t SequenceLength(const ModelConfig& config);

}  // namespace vitrine

#endif  // VIT_CONFIG_H_
