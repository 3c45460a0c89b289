#include "data/batch.h"

#include <numeric>

#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

Normalization::Table MakeTable(float mean, float std) {
  Normalization::Table table;
  for (int x = 0; x < 256; ++x) table[x] = (static_cast<float>(x) / 255.0f - mean) / std;
  return table;
}

// Writes one image, [C, pixels] both in and out.
void Normalize(const uint8_t* image, int64_t pixels, const Normalization& normalization,
               float* out) {
  for (int64_t c = 0; c < normalization.channels(); ++c) {
    const Normalization::Table& table = normalization.table(c);
    for (int64_t i = c * pixels; i < (c + 1) * pixels; ++i) out[i] = table[image[i]];
  }
}

}  // namespace

absl::StatusOr<Normalization> Normalization::Create(const DataConfig& config, int64_t channels) {
  const bool given = config.mean_size() > 0 || config.std_size() > 0;
  if (given && (config.mean_size() != channels || config.std_size() != channels)) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.mean, data.std: must have one number for each of the ", channels,
                     " channel(s) or none, have ", config.mean_size(), " and ", config.std_size()));
  }
  Normalization normalization;
  for (int64_t c = 0; c < channels; ++c) {
    normalization.tables_.push_back(given ? MakeTable(config.mean(c), config.std(c))
                                          : MakeTable(0.5f, 0.5f));
  }
  return normalization;
}

Batch MakeBatch(const ImageSet& set, std::span<const int64_t> indices,
                const Normalization& normalization) {
  const int64_t channels = set.images.size(1), height = set.images.size(2),
                width = set.images.size(3), count = indices.size();
  CHECK_EQ(normalization.channels(), channels);
  Batch batch{at::empty({count, channels, height, width}, at::kFloat),
              at::empty({count}, at::kLong)};
  const uint8_t* images = set.images.const_data_ptr<uint8_t>();
  const int64_t* labels = set.labels.const_data_ptr<int64_t>();
  float* out = batch.images.mutable_data_ptr<float>();
  int64_t* out_labels = batch.labels.mutable_data_ptr<int64_t>();
  const int64_t pixels = height * width, image_size = channels * pixels;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = indices[i];
    CHECK(index >= 0 && index < set.size()) << index << " of " << set.size();
    Normalize(images + index * image_size, pixels, normalization, out + i * image_size);
    out_labels[i] = labels[index];
  }
  return batch;
}

Batch MakeBatch(const ImageSet& set, int64_t begin, int64_t end,
                const Normalization& normalization) {
  std::vector<int64_t> indices(end - begin);
  std::iota(indices.begin(), indices.end(), begin);
  return MakeBatch(set, indices, normalization);
}

}  // namespace vitrine
