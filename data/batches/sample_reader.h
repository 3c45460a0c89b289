// One image from where it is kept to the pixels that the model takes, and what is done about those
// that are damaged.
//
//   SampleReader reader(source, pipeline, {.channels = 3}, seed, OnBad::kReplace);
//   SampleReader::Scratch scratch;  // one a thread
//   ASSIGN_OR_RETURN(const int64_t label, reader.Read(epoch, index, &scratch, pixels));

#ifndef DATA_BATCHES_SAMPLE_READER_H_
#define DATA_BATCHES_SAMPLE_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "data/batches/bad_images.h"
#include "data/image/image.h"
#include "data/image_shape.h"
#include "data/source/image_source.h"
#include "data/transform/pipeline.h"

namespace vitrine {

// What to do about an image that can't be read.
enum class OnBad {
  kFail,
  kReplace,   // by another, drawn at random, of any class
  kLeaveOut,  // its label becomes negative, its pixels 0
};

// Thread-safe. What comes out is a function of the seed, the epoch and the index.
class SampleReader {
 public:
  struct Scratch {
    TransformPipeline::Scratch transform;
    Image decoded, transformed;
  };

  // The pipeline makes pictures of the shape's size. Where the shape has one channel, image files
  // become grey as they are decoded (MakeGrey). Grey images pass through the pipeline as colour
  // ones of equal colours.
  SampleReader(std::shared_ptr<const ImageSource> source, TransformPipeline pipeline,
               ImageShape shape, uint64_t seed, OnBad on_bad);

  const ImageSource& source() const { return *source_; }
  ImageShape shape() const { return shape_; }

  // Writes uint8 [channels, height, width] and returns the label. With kFail, or where hardly any
  // image is good, the error names the image and says what is wrong with it.
  absl::StatusOr<int64_t> Read(int64_t epoch, int64_t index, Scratch* scratch, uint8_t* out);

  BadImages bad_images() const { return bad_.images(); }          // that could not be read
  BadImages damaged_images() const { return damaged_.images(); }  // that were read all the same

 private:
  absl::StatusOr<int64_t> ReadReplacement(int64_t epoch, int64_t index, Scratch* scratch,
                                          uint8_t* out);
  absl::StatusOr<int64_t> TryRead(int64_t epoch, int64_t index, Scratch* scratch, uint8_t* out);
  // Returns what is wrong with the file all the same; empty: nothing.
  absl::StatusOr<std::string> Transform(const StoredImage& stored, int64_t epoch, int64_t index,
                                        Scratch* scratch, uint8_t* out) const;

  const std::shared_ptr<const ImageSource> source_;
  const TransformPipeline pipeline_;
  const ImageShape shape_;
  const uint64_t seed_;
  const OnBad on_bad_;

  BadImageList bad_, damaged_;
};

}  // namespace vitrine

#endif  // DATA_BATCHES_SAMPLE_READER_H_
