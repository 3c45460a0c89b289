// What a ModelConfig means, and whether it can mean anything.

#ifndef VIT_CONFIG_H_
#define VIT_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "vit/model.pb.h"

namespace vitrine {

// Every reason why the config describes no model, one line each, beginning with the field's name.
std::vector<std::string> ModelConfigProblems(const ModelConfig& config);

// The functions below want a config without problems.

// n in the paper: patches of an image.
int64_t PatchCount(const ModelConfig& config);

// Numbers in a patch: patch_size * patch_size * channels.
int64_t PatchLength(const ModelConfig& config);

int64_t MlpWidth(const ModelConfig& config);

// Of each place its own, or that of all.
double EmbeddingDropout(const ModelConfig& config);
double ProjectionDropout(const ModelConfig& config);
double MlpDropout(const ModelConfig& config);

// Tokens in front of the patches: the class token, then the registers.
int64_t PrefixLength(const ModelConfig& config);

// T: all tokens of a sequence.
int64_t SequenceLength(const ModelConfig& config);

}  // namespace vitrine

#endif  // VIT_CONFIG_H_
