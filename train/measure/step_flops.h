// The arithmetic of a training step, to compare its time with what a machine can do.

#ifndef TRAIN_MEASURE_STEP_FLOPS_H_
#define TRAIN_MEASURE_STEP_FLOPS_H_

#include "train/settings/experiment.pb.h"

namespace vitrine {

// Floating-point operations, two a multiplication, of the matrix products that a step has to
// compute for its batch: forward, and both gradients of each. Of the last block only what the head
// reads. Nothing that is computed again, and no element-wise arithmetic, counts.
double StepFlops(const ExperimentConfig& config);

}  // namespace vitrine

#endif  // TRAIN_MEASURE_STEP_FLOPS_H_
