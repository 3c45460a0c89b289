#include "data/transform/validate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/problems.h"

namespace vitrine {
namespace {

// The fields of one message.
class Fields {
 public:
  Fields(std::string prefix, Problems* problems)
      : prefix_(std::move(prefix)), problems_(problems) {}

  void InRange(std::string_view field, double value, double low, double high) {
    problems_->InRange(absl::StrCat(prefix_, ".", field), value, low, high);
  }

  // min_NAME and max_NAME.
  void Interval(std::string_view name, double min, double max, double low, double high) {
    InRange(absl::StrCat("min_", name), min, low, high);
    InRange(absl::StrCat("max_", name), max, low, high);
    problems_->Check(!(min > max), absl::StrCat(prefix_, ".max_", name, ": must be at least min_",
                                                name, " ", min, ", is ", max));
  }

  // The magnitude is one of the bins.
  void Bins(int num_bins, int magnitude) {
    InRange("num_bins", num_bins, 2, 1000);
    InRange("magnitude", magnitude, 0, num_bins - 1);
  }

 private:
  std::string prefix_;
  Problems* problems_;
};

constexpr double kLeastArea = 1e-4, kLeastAspect = 0.01, kMostAspect = 100;

void Check(const ResizeAndCenterCrop& config, Fields fields) {
  fields.InRange("crop_fraction", config.crop_fraction(), 0.1, 1);
}

void Check(const Resize& config, Fields fields) {
  fields.InRange("shorter_side", config.shorter_side(), 1, 4096);
}

void Check(const RandomResizedCrop& config, Fields fields) {
  fields.Interval("area", config.min_area(), config.max_area(), kLeastArea, 1);
  fields.Interval("aspect", config.min_aspect(), config.max_aspect(), kLeastAspect, kMostAspect);
}

void Check(const PadAndCrop& config, Fields fields) {
  fields.InRange("padding", config.padding(), 0, 1024);
}

void Check(const HorizontalFlip& config, Fields fields) {
  fields.InRange("probability", config.probability(), 0, 1);
}

void Check(const ColorJitter& config, Fields fields) {
  fields.InRange("brightness", config.brightness(), 0, 100);
  fields.InRange("contrast", config.contrast(), 0, 100);
  fields.InRange("saturation", config.saturation(), 0, 100);
  fields.InRange("hue", config.hue(), 0, 0.5);
}

void Check(const RandAugment& config, Fields fields) {
  fields.InRange("num_ops", config.num_ops(), 0, 100);
  fields.Bins(config.num_bins(), config.magnitude());
}

void Check(const TrivialAugmentWide& config, Fields fields) { fields.Bins(config.num_bins(), 0); }

void Check(const RandomErasing& config, Fields fields) {
  fields.InRange("probability", config.probability(), 0, 1);
  fields.Interval("area", config.min_area(), config.max_area(), kLeastArea, 1);
  fields.Interval("aspect", config.min_aspect(), config.max_aspect(), kLeastAspect, kMostAspect);
}

void CheckKind(const TransformConfig& transform, const std::string& prefix, Problems* problems) {
  const auto fields = [&](std::string_view name) {
    return Fields(absl::StrCat(prefix, ".", name), problems);
  };
  switch (transform.kind_case()) {
    case TransformConfig::kResizeAndCenterCrop:
      return Check(transform.resize_and_center_crop(), fields("resize_and_center_crop"));
    case TransformConfig::kRandomResizedCrop:
      return Check(transform.random_resized_crop(), fields("random_resized_crop"));
    case TransformConfig::kResize:
      return Check(transform.resize(), fields("resize"));
    case TransformConfig::kPadAndCrop:
      return Check(transform.pad_and_crop(), fields("pad_and_crop"));
    case TransformConfig::kHorizontalFlip:
      return Check(transform.horizontal_flip(), fields("horizontal_flip"));
    case TransformConfig::kColorJitter:
      return Check(transform.color_jitter(), fields("color_jitter"));
    case TransformConfig::kRandAugment:
      return Check(transform.rand_augment(), fields("rand_augment"));
    case TransformConfig::kTrivialAugmentWide:
      return Check(transform.trivial_augment_wide(), fields("trivial_augment_wide"));
    case TransformConfig::kAutoAugment:
      return;  // any policy will do
    case TransformConfig::kRandomErasing:
      return Check(transform.random_erasing(), fields("random_erasing"));
    case TransformConfig::KIND_NOT_SET:
      return problems->Check(false, absl::StrCat(prefix, ": must name a transform"));
  }
}

}  // namespace

bool IsFraming(const TransformConfig& transform) {
  return transform.has_resize_and_center_crop() || transform.has_random_resized_crop();
}

bool SetTheSize(const TransformConfigs& transforms) {
  return !transforms.empty() && (transforms[0].has_resize() || IsFraming(transforms[0]));
}

std::vector<std::string> TransformProblems(std::string_view prefix,
                                           const TransformConfigs& transforms) {
  Problems problems;
  const bool resized = !transforms.empty() && transforms[0].has_resize();
  for (int i = 0; i < transforms.size(); ++i) {
    const std::string name = absl::StrCat(prefix, "[", i, "]");
    CheckKind(transforms[i], name, &problems);
    problems.Check(i == 0 || (i == 1 && resized) || !IsFraming(transforms[i]),
                   absl::StrCat(name,
                                ": resize_and_center_crop and random_resized_crop must come "
                                "first, and only one of them"));
    const bool crop_follows =
        i + 1 < transforms.size() && transforms[i + 1].has_random_resized_crop();
    problems.Check(!transforms[i].has_resize() || (i == 0 && crop_follows),
                   absl::StrCat(name,
                                ": resize must come first, and random_resized_crop right after "
                                "it"));
  }
  return problems.Take();
}

}  // namespace vitrine
