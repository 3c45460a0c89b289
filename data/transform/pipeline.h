// From an image file, or from pixels, to what a model sees, by the transforms of a config.
//
//   ASSIGN_OR_RETURN(const TransformPipeline pipeline,
//                    TransformPipeline::Create(config.train_transforms(), {224, 224}, {124, 116,
//                    104}));
//   TransformPipeline::Scratch scratch;  // one for each thread
//   for (...) {
//     RandomStream random(seed, "transform", epoch, index);
//     ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(jpeg));
//     RETURN_IF_ERROR(pipeline.Apply(&encoded, random, &scratch, &image));
//   }

#ifndef DATA_TRANSFORM_PIPELINE_H_
#define DATA_TRANSFORM_PIPELINE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/random.h"
#include "data/image/decode.h"
#include "data/image/image.h"
#include "data/transform/erasing.h"
#include "data/transform/framing.h"
#include "data/transform/validate.h"

namespace vitrine {

// Immutable: any number of threads may use it at once, each with memory of its own.
class TransformPipeline {
 public:
  // Memory that is kept from one picture to the next.
  struct Scratch {
    Image decoded, spare;
  };

  // The pictures that come out have this size; random_erasing paints with `erase_color`.
  // InvalidArgument that lists the TransformProblems.
  static absl::StatusOr<TransformPipeline> Create(const TransformConfigs& transforms, Size size,
                                                  const Color& erase_color);

  // Whether pictures pass through unchanged.
  bool empty() const { return transforms_.empty(); }

  // The part of a picture of this size that is kept, as far as it is not drawn: the middle for
  // resize_and_center_crop, all where nothing frames.
  Region Seen(Size picture) const;

  // A JPEG or PNG that was opened and not yet decoded; only the part that is seen is. Every draw is
  // taken from `random`, in the order of the transforms, so that equal streams give equal bytes.
  // Errors are those of EncodedImage::Decode, and:
  //   InvalidArgument  no transform sets the size, and the picture has another one
  //   InvalidArgument  resize would make more than kMostPixels of it
  // After an error `out` holds anything.
  absl::Status Apply(EncodedImage* encoded, RandomStream random, Scratch* scratch,
                     Image* out) const;

  // Pixels in memory; `out` must be another picture.
  absl::Status Apply(const Image& picture, RandomStream random, Scratch* scratch, Image* out) const;

 private:
  TransformPipeline(const TransformConfigs& transforms, Size size, const Color& erase_color)
      : transforms_(transforms), size_(size), erase_color_(erase_color) {}

  absl::Status CheckSize(Size picture) const;
  // The first transform's.
  Filter FramingFilter() const;
  const RandomResizedCrop& Crop() const;
  absl::StatusOr<Framing> DrawFraming(Size picture, RandomStream* random) const;
  Framing FrameCenter(Size picture) const;
  // What the framing needs of the picture; where its region lies in that.
  absl::StatusOr<Region> Decode(const Framing& framing, EncodedImage* image, Image* decoded) const;
  void Frame(const Image& in, const Region& region, const Framing& framing, Scratch* scratch,
             Image* out) const;
  void ApplyRest(RandomStream* random, Image* spare, Image* image) const;

  TransformConfigs transforms_;
  Size size_;
  Color erase_color_;
};

}  // namespace vitrine

#endif  // DATA_TRANSFORM_PIPELINE_H_
