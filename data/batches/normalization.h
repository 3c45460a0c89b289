// From bytes to what the model sees.
//
//   ASSIGN_OR_RETURN(const auto normalization,
//                    Normalization::Create(config, /*channels=*/3, device));
//   const at::Tensor images = normalization.Apply(bytes);

#ifndef DATA_BATCHES_NORMALIZATION_H_
#define DATA_BATCHES_NORMALIZATION_H_

#include <array>
#include <cstdint>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/dataset.pb.h"

namespace vitrine {

// (x / 255 - mean) / std of each channel, in float32, one operation after the other, as torchvision
// does it: the same bits on every device.
class Normalization {
 public:
  // Takes mean and std of the config, or else those that it names. Fails if it has them for another
  // number of channels.
  static absl::StatusOr<Normalization> Create(const DataConfig& config, int64_t channels,
                                              at::Device device = at::kCPU);

  int64_t channels() const { return static_cast<int64_t>(mean_.size()); }

  // Of each channel, of pixels in [0, 1].
  const std::vector<float>& mean() const { return mean_; }
  const std::vector<float>& std() const { return std_; }

  // uint8 [B, C, H, W] to float32, on the CPU or on the device; does not wait for that.
  at::Tensor Apply(const at::Tensor& images) const;

  // The bytes that Apply makes these images of, on the CPU; of values in between the nearest.
  at::Tensor Invert(const at::Tensor& images) const;

  // The colour that becomes 0, as near as a byte comes; grey for one channel.
  std::array<uint8_t, 3> MeanColor() const;

 private:
  // A byte has 256 values, so a table a channel holds all there is to compute.
  using Table = std::array<float, 256>;

  Normalization(std::vector<float> mean, std::vector<float> std, at::Device device);

  at::Tensor ApplyOnCpu(const at::Tensor& images) const;

  std::vector<float> mean_, std_;
  std::vector<Table> tables_;

  // On the device. A GPU multiplies by 1 / 255 unless that is a tensor too.
  at::Tensor most_;                    // []
  at::Tensor mean_there_, std_there_;  // [C, 1, 1]
};

}  // namespace vitrine

#endif  // DATA_BATCHES_NORMALIZATION_H_
