// Checks the transforms of a config before anything is read.

#ifndef DATA_TRANSFORM_VALIDATE_H_
#define DATA_TRANSFORM_VALIDATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "data/transform/transform.pb.h"
#include "google/protobuf/repeated_field.h"

namespace vitrine {

using TransformConfigs = google::protobuf::RepeatedPtrField<TransformConfig>;

// Whether it chooses a part of a picture of any size and resizes it to the model's.
bool IsFraming(const TransformConfig& transform);

// Whether they begin with such a one or with resize, after which one must follow, so that pictures
// of any size will do.
bool SetTheSize(const TransformConfigs& transforms);

// Everything that is wrong, a line each, which begins with the field's name. `prefix` is the
// list's:
//   data.train_transforms[0].random_resized_crop.min_area: must be from 0.0001 to 1, is 0
std::vector<std::string> TransformProblems(std::string_view prefix,
                                           const TransformConfigs& transforms);

}  // namespace vitrine

#endif  // DATA_TRANSFORM_VALIDATE_H_
