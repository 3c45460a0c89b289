#include "train/measure/random_batch.h"

#include <cstdint>

#include "ATen/ops/empty.h"
#include "base/random.h"
#include "base/tensors/device.h"
#include "vit/config.h"

namespace vitrine {

Batch RandomBatch(const ExperimentConfig& config, at::Device device) {
  const ModelConfig& model = config.model();
  const int64_t count = config.data().batch_size();
  const at::Generator generator = SeededGenerator(at::kCPU, StreamKey(0, "images"));
  Batch batch;
  batch.images = at::empty({count, model.channels(), model.image_size(), ImageWidth(model)})
                     .normal_(0, 1, generator)
                     .to(device);
  batch.labels =
      at::empty({count}, at::kLong).random_(0, model.num_classes(), generator).to(device);
  return batch;
}

}  // namespace vitrine
