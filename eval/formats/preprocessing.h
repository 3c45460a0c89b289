// What is done to a picture before the model sees it, in the terms of other packages.

#ifndef EVAL_FORMATS_PREPROCESSING_H_
#define EVAL_FORMATS_PREPROCESSING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/image/image.h"
#include "data/transform/transform.pb.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

struct Preprocessing {
  Size resized;              // the whole picture becomes this, or the smallest that covers it
  bool keeps_shape = false;  // the latter
  Size size;                 // of which the middle is kept: the model's pictures
  Interpolation filter = BILINEAR;
  bool decode_whole = false, round_down = false;  // as in ResizeAndCenterCrop
  int channels = 3;

  // Of each channel, of pixels in [0, 1].
  std::vector<double> mean, std;
};

// With the fewest digits that mean the same float: 0.485f as 0.485, not as the 0.48500001430511475
// that it is.
double Decimal(float value);

// As the model is evaluated; InvalidArgument names a field that says it otherwise.
absl::StatusOr<Preprocessing> PreprocessingOf(const ExperimentConfig& config);

// What other packages do a little differently, a line each. `round_down` is how they place crops.
std::vector<std::string> PreprocessingNotes(const Preprocessing& steps, bool round_down);

}  // namespace vitrine

#endif  // EVAL_FORMATS_PREPROCESSING_H_
