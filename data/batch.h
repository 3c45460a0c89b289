// From images as bytes to what the model sees.
//
//   ASSIGN_OR_RETURN(const Normalization normalization,
//                    Normalization::Create(config, dataset.channels()));
//   const Batch batch = MakeBatch(dataset.train, sampler->Indices(iteration), normalization);

#ifndef DATA_BATCH_H_
#define DATA_BATCH_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/image_set.h"

namespace vitrine {

struct Batch {
  at::Tensor images;  // float32 [B, C, H, W], normalised
  at::Tensor labels;  // int64 [B]
};

// (x / 255 - mean) / std of each channel, in float32, one operation after the other, as torchvision
// does it: a byte has 256 values, so a table a channel holds all there is to compute.
class Normalization {
 public:
  using Table = std::array<float, 256>;

  // Takes mean and std of the config, or 0.5 for every channel where there are none. Fails if the
  // config has them for another number of channels.
  static absl::StatusOr<Normalization> Create(const DataConfig& config, int64_t channels);

  int64_t channels() const { return tables_.size(); }
  const Table& table(int64_t channel) const { return tables_[channel]; }

 private:
  std::vector<Table> tables_;
};

// The images at these indices, in their order. The normalization must be for their channels.
Batch MakeBatch(const ImageSet& set, std::span<const int64_t> indices,
                const Normalization& normalization);

// The images from `begin` up to, not including, `end`.
Batch MakeBatch(const ImageSet& set, int64_t begin, int64_t end,
                const Normalization& normalization);

}  // namespace vitrine

#endif  // DATA_BATCH_H_
