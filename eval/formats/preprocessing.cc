#include "eval/formats/preprocessing.h"

#include <charconv>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/transform/framing.h"
#include "train/settings/loader_spec.h"

namespace vitrine {
namespace {

constexpr char kTransforms[] = "data.evaluation_transforms: ";

// Pictures of another size have their middle square resized where there are no transforms.
absl::StatusOr<ResizeAndCenterCrop> CropOf(const DataConfig& data) {
  ResizeAndCenterCrop none;
  none.set_crop_fraction(1);
  if (data.evaluation_transforms_size() == 0) return none;
  const TransformConfig& first = data.evaluation_transforms(0);
  if (data.evaluation_transforms_size() > 1 || !first.has_resize_and_center_crop()) {
    return absl::InvalidArgumentError(absl::StrCat(
        kTransforms, "are more than one resize_and_center_crop, all that can be exported"));
  }
  return first.resize_and_center_crop();
}

std::vector<double> Decimals(const std::vector<float>& values) {
  std::vector<double> decimals;
  for (const float value : values) decimals.push_back(Decimal(value));
  return decimals;
}

}  // namespace

double Decimal(float value) {
  char text[32] = {};
  std::to_chars(text, text + sizeof(text) - 1, value);
  return std::strtod(text, nullptr);
}

absl::StatusOr<Preprocessing> PreprocessingOf(const ExperimentConfig& config) {
  const ImageShape shape = ImageShapeOf(config.model());
  ASSIGN_OR_RETURN(const ResizeAndCenterCrop crop, CropOf(config.data()));
  ASSIGN_OR_RETURN(const Normalization normalization,
                   Normalization::Create(config.data(), shape.channels));
  return Preprocessing{.resized = CoveredSize(shape.size, crop.crop_fraction()),
                       .keeps_shape = !crop.stretch(),
                       .size = shape.size,
                       .filter = crop.filter(),
                       .decode_whole = crop.decode_whole(),
                       .round_down = crop.round_down(),
                       .channels = static_cast<int>(shape.channels),
                       .mean = Decimals(normalization.mean()),
                       .std = Decimals(normalization.std())};
}

std::vector<std::string> PreprocessingNotes(const Preprocessing& steps, bool round_down) {
  std::vector<std::string> notes = {
      "pictures: are turned as their Exif says, which there is left to you "
      "(PIL.ImageOps.exif_transpose); of 16-bit grey the upper byte is taken, where Pillow's "
      "convert "
      "takes all above 255 for white"};
  if (!steps.decode_whole) {
    notes.push_back(absl::StrCat(kTransforms,
                                 "without decode_whole, but there JPEG files are decoded whole; "
                                 "pixels differ slightly"));
  }
  const int rest_x = steps.resized.width - steps.size.width;
  const int rest_y = steps.resized.height - steps.size.height;
  const bool can_differ = steps.keeps_shape || rest_x % 2 != 0 || rest_y % 2 != 0;
  if (steps.round_down != round_down && can_differ) {
    notes.push_back(
        absl::StrCat(kTransforms, "a crop whose middle lies between two pixels begins at ",
                     round_down ? "the first" : "the even one", " of them there, and at ",
                     round_down ? "the even one" : "the first", " here"));
  }
  if (steps.channels == 1) {
    notes.push_back("model.channels: 1; there pictures have to be made grey first");
  } else if (steps.channels != 3) {
    notes.push_back(absl::StrCat("model.channels: ", steps.channels,
                                 "; no picture file has so many, so make arrays of them yourself"));
  }
  return notes;
}

}  // namespace vitrine
