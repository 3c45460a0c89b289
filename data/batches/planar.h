// Pixels whose colours lie side by side, and planes of one colour each, which models take.

#ifndef DATA_BATCHES_PLANAR_H_
#define DATA_BATCHES_PLANAR_H_

#include <cstdint>

#include "absl/status/status.h"
#include "data/image/image.h"
#include "data/source/image_source.h"

namespace vitrine {

// Grey becomes three equal colours.
void ToPicture(const PlanarPixels& planar, Image* image);

// FailedPrecondition unless ToPlanar makes so many channels of a picture.
absl::Status CheckChannelsOfFiles(int channels);

// Writes uint8 [channels, height, width], 1 or 3 channels; one is the red one.
void ToPlanar(const Image& image, int channels, uint8_t* out);

}  // namespace vitrine

#endif  // DATA_BATCHES_PLANAR_H_
