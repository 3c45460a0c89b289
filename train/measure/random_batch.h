// Something to train on where only time or rounding matters.

#ifndef TRAIN_MEASURE_RANDOM_BATCH_H_
#define TRAIN_MEASURE_RANDOM_BATCH_H_

#include "ATen/core/Tensor.h"
#include "data/batches/batch.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

// A batch of the config's sizes on the device: normal images and uniform labels, the same each
// time.
Batch RandomBatch(const ExperimentConfig& config, at::Device device);

}  // namespace vitrine

#endif  // TRAIN_MEASURE_RANDOM_BATCH_H_
