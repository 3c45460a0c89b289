// Batches in which each image is mixed with another, and so is what it should be taken for.
//
//   if (const auto mix = DrawMix(config, seed, iteration, size)) ApplyMix(*mix, num_classes,
//   &batch);

#ifndef DATA_BATCHES_MIX_H_
#define DATA_BATCHES_MIX_H_

#include <cstdint>
#include <optional>

#include "data/batches/batch.h"
#include "data/dataset.pb.h"
#include "data/image/image.h"

namespace vitrine {

// What is done to a whole batch: image i is mixed with image i - 1, the first one with the last.
struct Mix {
  double weight = 1;  // of image i; the rest is its partner's
  // CutMix: the partner's pixels of this box replace the image's. Mixup: none.
  std::optional<Box> box;
};

// Whether any batch is mixed.
bool Mixes(const MixConfig& config);

// Draws by (seed, iteration), for images of this size. Nothing where this batch is not mixed.
// Mixup (Zhang et al., arXiv 1710.09412): weight from Beta(alpha, alpha). CutMix (Yun et al., arXiv
// 1905.04899): a box of 1 - weight of the area, its centre anywhere, cut at the border, and the
// weight then what is left.
std::optional<Mix> DrawMix(const MixConfig& config, uint64_t seed, int64_t iteration, Size size);

// Mixes images and labels, where they are.
void ApplyMix(const Mix& mix, int64_t num_classes, Batch* batch);

}  // namespace vitrine

#endif  // DATA_BATCHES_MIX_H_
