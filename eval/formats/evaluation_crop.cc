#include "eval/formats/evaluation_crop.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace vitrine {
namespace {

std::string KindName(const TransformConfig& transform) {
  const auto* const field = TransformConfig::descriptor()->FindFieldByNumber(transform.kind_case());
  return field == nullptr ? "an empty transform" : field->name();
}

}  // namespace

absl::StatusOr<ResizeAndCenterCrop> EvaluationCrop(const DataConfig& config) {
  for (int i = 0; i < config.evaluation_transforms_size(); ++i) {
    if (i == 0 && config.evaluation_transforms(i).has_resize_and_center_crop()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "data.evaluation_transforms[", i, "]: ", KindName(config.evaluation_transforms(i)),
        " cannot be said in this format, only one resize_and_center_crop"));
  }
  if (config.evaluation_transforms_size() > 0) {
    return config.evaluation_transforms(0).resize_and_center_crop();
  }
  ResizeAndCenterCrop crop;
  crop.set_crop_fraction(1);
  return crop;
}

}  // namespace vitrine
