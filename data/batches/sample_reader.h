// One image from where it is kept to the pixels that the model takes, and what is done about those
// that are damaged.
//
//   SampleReader reader(source, pipeline, {.channels = 3, .size = 224}, seed, OnBad::kReplace);
//   SampleReader::Scratch scratch;  // one a thread
//   ASSIGN_OR_RETURN(const int64_t label, reader.Read(epoch, index, &scratch, pixels));

#ifndef DATA_BATCHES_SAMPLE_READER_H_
#define DATA_BATCHES_SAMPLE_READER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
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

// Images that could not be read so far, each counted once.
struct BadImages {
  int64_t count = 0;
  std::string example;  // what is wrong with the one of the lowest index
};

// Thread-safe. What comes out is a function of the seed, the epoch and the index.
class SampleReader {
 public:
  struct Scratch {
    TransformPipeline::Scratch transform;
    Image decoded, transformed;
  };

  // The pipeline makes pictures of the shape's size. Grey images pass through it as colour ones and
  // become grey again.
  SampleReader(std::shared_ptr<const ImageSource> source, TransformPipeline pipeline,
               ImageShape shape, uint64_t seed, OnBad on_bad);

  const ImageSource& source() const { return *source_; }
  ImageShape shape() const { return shape_; }

  // Writes uint8 [channels, size, size] and returns the label. With kFail, or where hardly any
  // image is good, the error names the image and says what is wrong with it.
  absl::StatusOr<int64_t> Read(int64_t epoch, int64_t index, Scratch* scratch, uint8_t* out);

  BadImages bad_images() const;

 private:
  absl::StatusOr<int64_t> ReadReplacement(int64_t epoch, int64_t index, Scratch* scratch,
                                          uint8_t* out);
  absl::Status TryRead(int64_t epoch, int64_t index, Scratch* scratch, uint8_t* out) const;
  absl::Status Transform(const StoredImage& stored, int64_t epoch, int64_t index, Scratch* scratch,
                         uint8_t* out) const;
  void Remember(int64_t index, const absl::Status& error);

  const std::shared_ptr<const ImageSource> source_;
  const TransformPipeline pipeline_;
  const ImageShape shape_;
  const uint64_t seed_;
  const OnBad on_bad_;

  mutable absl::Mutex mutex_;
  std::set<int64_t> bad_ ABSL_GUARDED_BY(mutex_);
  std::string example_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vitrine

#endif  // DATA_BATCHES_SAMPLE_READER_H_
