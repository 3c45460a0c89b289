#include "train/measure/step_flops.h"

#include "vit/activation.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// Multiplications in the products of a block for one sample, of whose tokens so many are computed.
double BlockProducts(const ModelConfig& model, double computed) {
  const double width = model.width(), tokens = SequenceLength(model);
  const double keys_values = tokens * 2 * width * width;
  const double attention = 2 * computed * tokens * width;
  const double mlp = (1 + InputsOfEach(model.activation())) * width * MlpWidth(model);
  return keys_values + attention + computed * (2 * width * width + mlp);
}

}  // namespace

double StepFlops(const ExperimentConfig& config) {
  const ModelConfig& model = config.model();
  const double tokens = SequenceLength(model);
  // Where heads read some tokens alone, these leave the last block.
  const double left = ReadTokens(model) > 0 ? ReadTokens(model) : tokens;
  const double blocks =
      (model.depth() - 1) * BlockProducts(model, tokens) + BlockProducts(model, left);
  const double embedding = PatchGrid(model).count() * PatchLength(model) * model.width();
  const double sample = blocks + embedding + HeadInputs(model) * model.num_classes();
  return 2 * 3 * sample * config.data().batch_size();
}

}  // namespace vitrine
