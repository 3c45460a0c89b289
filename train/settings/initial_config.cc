#include "train/settings/initial_config.h"

#include <string>

#include "train/settings/config.h"

namespace vitrine {
namespace {

void ClearWhatOnlyTrainingReads(ModelConfig* model) {
  model->clear_num_classes();
  model->clear_dropout();
  model->clear_embedding_dropout();
  model->clear_projection_dropout();
  model->clear_mlp_dropout();
  model->clear_attention_dropout();
  model->clear_stochastic_depth();
  model->clear_initialization();
  model->clear_zero_head();
}

}  // namespace

void TakeArchitecture(const ExperimentConfig& initial, ExperimentConfig* config) {
  ExperimentConfig taken;
  taken.set_name(config->name());
  *taken.mutable_model() = initial.model();
  ClearWhatOnlyTrainingReads(taken.mutable_model());
  // One without the other would be half of each.
  if (config->model().has_image_size()) taken.mutable_model()->clear_image_width();
  const DataConfig &theirs = initial.data(), &ours = config->data();
  DataConfig& data = *taken.mutable_data();
  // The same of these.
  if (ours.mean_size() == 0 && ours.std_size() == 0 && !ours.has_normalization()) {
    *data.mutable_mean() = theirs.mean();
    *data.mutable_std() = theirs.std();
    if (theirs.has_normalization()) data.set_normalization(theirs.normalization());
  }
  *data.mutable_evaluation_transforms() = theirs.evaluation_transforms();
  *data.mutable_train_transforms() = theirs.evaluation_transforms();
  TakeUnsetFields(taken, config);
}

}  // namespace vitrine
