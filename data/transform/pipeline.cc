#include "data/transform/pipeline.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/problems.h"
#include "base/status_macros.h"
#include "data/image/resample.h"
#include "data/transform/auto_augment.h"
#include "data/transform/color.h"
#include "data/transform/geometry.h"
#include "data/transform/policy.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

Filter ToFilter(Interpolation interpolation) {
  return interpolation == BICUBIC ? Filter::kBicubic : Filter::kBilinear;
}

// Where a region of the picture lies in what was decoded of it, the box, which lies at `place`. The
// bounds are kept where a rounding would pass them.
Region Within(const Region& region, const Box& box, const Region& place, const Image& decoded) {
  const double x_scale = place.width / box.width, y_scale = place.height / box.height;
  const double x = std::max(0.0, place.x + (region.x - box.x) * x_scale);
  const double y = std::max(0.0, place.y + (region.y - box.y) * y_scale);
  return {x, y, std::min(region.width * x_scale, decoded.width - x),
          std::min(region.height * y_scale, decoded.height - y)};
}

absl::StatusOr<Size> ResizedSize(Size picture, int shorter) {
  const bool upright = picture.width <= picture.height;
  const int64_t longer = ResizedLongerSide(picture, shorter);
  if (longer > kMostPixels / shorter) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a picture of ", picture.width, " x ", picture.height, " pixels, of which resize makes ",
        upright ? shorter : longer, " x ", upright ? longer : shorter, ", more than the ",
        kMostPixels, " that are allowed"));
  }
  const int other = static_cast<int>(longer);
  return upright ? Size{shorter, other} : Size{other, shorter};
}

void PadAndCropRandomly(const PadAndCrop& config, RandomStream* random, Image* spare,
                        Image* image) {
  const int padding = config.padding();
  const auto y = static_cast<int>(random->Below(2 * padding + 1));
  const auto x = static_cast<int>(random->Below(2 * padding + 1));
  Shift(*image, padding - x, padding - y, spare);
  std::swap(*image, *spare);
}

double DrawFactor(double strength, RandomStream* random) {
  return DrawBetween(std::max(0.0, 1 - strength), 1 + strength, random);
}

void Jitter(const ColorJitter& config, RandomStream* random, Image* image) {
  enum { kBrightness, kContrast, kSaturation, kHue };
  std::array<int, 4> order = {kBrightness, kContrast, kSaturation, kHue};
  for (int i = 3; i > 0; --i) std::swap(order[i], order[random->Below(i + 1)]);
  for (const int kind : order) {
    if (kind == kBrightness && config.brightness() > 0) {
      AdjustBrightness(DrawFactor(config.brightness(), random), image);
    } else if (kind == kContrast && config.contrast() > 0) {
      AdjustContrast(DrawFactor(config.contrast(), random), image);
    } else if (kind == kSaturation && config.saturation() > 0) {
      AdjustSaturation(DrawFactor(config.saturation(), random), image);
    } else if (kind == kHue && config.hue() > 0) {
      AdjustHue(DrawBetween(-config.hue(), config.hue(), random), image);
    }
  }
}

}  // namespace

absl::StatusOr<TransformPipeline> TransformPipeline::Create(const TransformConfigs& transforms,
                                                            Size size, const Color& erase_color) {
  CHECK(size.width > 0 && size.height > 0);
  RETURN_IF_ERROR(ProblemsError(TransformProblems("transforms", transforms)));
  return TransformPipeline(transforms, size, erase_color);
}

absl::Status TransformPipeline::Apply(EncodedImage* encoded, RandomStream random, Scratch* scratch,
                                      Image* out) const {
  const Size size = {encoded->width(), encoded->height()};
  if (SetTheSize(transforms_)) {
    ASSIGN_OR_RETURN(const Framing framing, DrawFraming(size, &random));
    ASSIGN_OR_RETURN(const Region region, Decode(framing, encoded, &scratch->decoded));
    Frame(scratch->decoded, region, framing, scratch, out);
  } else {
    RETURN_IF_ERROR(CheckSize(size));
    RETURN_IF_ERROR(encoded->Decode(out));
  }
  ApplyRest(&random, &scratch->spare, out);
  return absl::OkStatus();
}

absl::Status TransformPipeline::Apply(const Image& picture, RandomStream random, Scratch* scratch,
                                      Image* out) const {
  CHECK(&picture != out);
  const Size size = {picture.width, picture.height};
  if (SetTheSize(transforms_)) {
    ASSIGN_OR_RETURN(const Framing framing, DrawFraming(size, &random));
    Frame(picture, framing.region, framing, scratch, out);
  } else {
    RETURN_IF_ERROR(CheckSize(size));
    *out = picture;
  }
  ApplyRest(&random, &scratch->spare, out);
  return absl::OkStatus();
}

absl::StatusOr<Region> TransformPipeline::Decode(const Framing& framing, EncodedImage* image,
                                                 Image* decoded) const {
  if (transforms_[0].resize_and_center_crop().decode_whole()) {
    RETURN_IF_ERROR(image->Decode(decoded));
    return framing.region;
  }
  ASSIGN_OR_RETURN(const Region place, image->Decode(framing.box, framing.resized, decoded));
  return Within(framing.region, framing.box, place, *decoded);
}

absl::Status TransformPipeline::CheckSize(Size picture) const {
  if (picture == size_) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a picture of ", picture.width, " x ", picture.height, " pixels, the model takes ",
      size_.width, " x ", size_.height,
      "; let the transforms begin with resize_and_center_crop or random_resized_crop"));
}

Filter TransformPipeline::FramingFilter() const {
  const TransformConfig& first = transforms_[0];
  if (first.has_resize()) return ToFilter(first.resize().filter());
  return ToFilter(first.has_random_resized_crop() ? first.random_resized_crop().filter()
                                                  : first.resize_and_center_crop().filter());
}

const RandomResizedCrop& TransformPipeline::Crop() const {
  return transforms_[transforms_[0].has_resize() ? 1 : 0].random_resized_crop();
}

Region TransformPipeline::Seen(Size picture) const {
  if (transforms_.empty() || !transforms_[0].has_resize_and_center_crop()) {
    return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
  }
  const Framing framing = FrameCenter(picture);
  const double x_scale = framing.region.width / framing.resized.width;
  const double y_scale = framing.region.height / framing.resized.height;
  return {framing.region.x + framing.kept.x * x_scale, framing.region.y + framing.kept.y * y_scale,
          framing.kept.width * x_scale, framing.kept.height * y_scale};
}

absl::StatusOr<Framing> TransformPipeline::DrawFraming(Size picture, RandomStream* random) const {
  const TransformConfig& first = transforms_[0];
  if (first.has_resize()) {
    ASSIGN_OR_RETURN(const Size resized, ResizedSize(picture, first.resize().shorter_side()));
    return ResizedFraming(picture, resized, DrawCropBox(resized, Crop(), random), FramingFilter());
  }
  if (first.has_random_resized_crop()) {
    return PartFraming(DrawCropBox(picture, Crop(), random), size_);
  }
  return FrameCenter(picture);
}

Framing TransformPipeline::FrameCenter(Size picture) const {
  const ResizeAndCenterCrop& config = transforms_[0].resize_and_center_crop();
  return CenterFraming(picture, size_, config.crop_fraction(), FramingFilter(),
                       {.stretch = config.stretch(), .round_down = config.round_down()});
}

void TransformPipeline::Frame(const Image& in, const Region& region, const Framing& framing,
                              Scratch* scratch, Image* out) const {
  const Box& kept = framing.kept;
  if (framing.resized == size_ && kept == Box{0, 0, size_.width, size_.height}) {
    return Resample(in, region, size_, FramingFilter(), out);
  }
  Resample(in, region, framing.resized, FramingFilter(), &scratch->spare);
  if (!transforms_[0].has_resize()) return CopyBox(scratch->spare, kept, out);
  const Region crop = {1.0 * kept.x, 1.0 * kept.y, 1.0 * kept.width, 1.0 * kept.height};
  Resample(scratch->spare, crop, size_, ToFilter(Crop().filter()), out);
}

void TransformPipeline::ApplyRest(RandomStream* random, Image* spare, Image* image) const {
  for (const TransformConfig& transform : transforms_) {
    switch (transform.kind_case()) {
      case TransformConfig::kResizeAndCenterCrop:
      case TransformConfig::kRandomResizedCrop:
      case TransformConfig::kResize:
      case TransformConfig::KIND_NOT_SET:
        break;  // done first; never
      case TransformConfig::kPadAndCrop:
        PadAndCropRandomly(transform.pad_and_crop(), random, spare, image);
        break;
      case TransformConfig::kHorizontalFlip:
        if (random->Uniform() < transform.horizontal_flip().probability()) FlipHorizontally(image);
        break;
      case TransformConfig::kColorJitter:
        Jitter(transform.color_jitter(), random, image);
        break;
      case TransformConfig::kRandAugment:
        for (int i = 0; i < transform.rand_augment().num_ops(); ++i) {
          Augment(DrawRandAugment(transform.rand_augment(), size_, random), image, spare);
        }
        break;
      case TransformConfig::kTrivialAugmentWide:
        Augment(DrawTrivialAugmentWide(transform.trivial_augment_wide(), random), image, spare);
        break;
      case TransformConfig::kAutoAugment: {
        const AutoAugment::Policy policy = transform.auto_augment().policy();
        ApplyAutoAugment(policy, DrawAutoAugment(policy, random), image, spare);
        break;
      }
      case TransformConfig::kRandomErasing:
        if (const auto box = DrawEraseBox(size_, transform.random_erasing(), random)) {
          Fill(*box, erase_color_, image);
        }
        break;
    }
  }
}

}  // namespace vitrine
