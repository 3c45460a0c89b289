#include "data/batches/sample_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "data/batches/planar.h"
#include "data/image/decode.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// If half of all images were bad, this many in a row would be once in 4 billion draws.
constexpr int kMostReplacements = 32;

}  // namespace

SampleReader::SampleReader(std::shared_ptr<const ImageSource> source, TransformPipeline pipeline,
                           ImageShape shape, uint64_t seed, OnBad on_bad)
    : source_(std::move(source)),
      pipeline_(std::move(pipeline)),
      shape_(shape),
      seed_(seed),
      on_bad_(on_bad) {
  CHECK(shape_.channels == 1 || shape_.channels == 3) << shape_.channels;
}

absl::StatusOr<int64_t> SampleReader::Read(int64_t epoch, int64_t index, Scratch* scratch,
                                           uint8_t* out) {
  const absl::StatusOr<int64_t> label = TryRead(epoch, index, scratch, out);
  if (label.ok()) return label;
  const std::string_view message = label.status().message();
  if (on_bad_ == OnBad::kFail) {
    return absl::Status(label.status().code(),
                        absl::StrCat(message, "; mend it, or set data.on_bad_image=SKIP"));
  }
  bad_.Add(index, message);
  if (on_bad_ == OnBad::kReplace) return ReadReplacement(epoch, index, scratch, out);
  std::fill_n(out, shape_.numel(), uint8_t{0});
  return -1;
}

absl::StatusOr<int64_t> SampleReader::ReadReplacement(int64_t epoch, int64_t index,
                                                      Scratch* scratch, uint8_t* out) {
  RandomStream draws(seed_, "replacement", epoch, index);
  absl::Status status;
  for (int i = 0; i < kMostReplacements; ++i) {
    const auto other = static_cast<int64_t>(draws.Below(source_->size()));
    const absl::StatusOr<int64_t> label = TryRead(epoch, other, scratch, out);
    if (label.ok()) return label;
    status = label.status();
    bad_.Add(other, status.message());
  }
  return absl::Status(status.code(), absl::StrCat(status.message(), "; and so it goes for ",
                                                  kMostReplacements, " images drawn in its place"));
}

absl::StatusOr<int64_t> SampleReader::TryRead(int64_t epoch, int64_t index, Scratch* scratch,
                                              uint8_t* out) {
  ASSIGN_OR_RETURN(const StoredImage stored, source_->Read(index));
  ASSIGN_OR_RETURN(const std::string damage,
                   Annotate(Transform(stored, epoch, index, scratch, out), source_->Name(index)));
  if (!damage.empty()) damaged_.Add(index, absl::StrCat(source_->Name(index), ": ", damage));
  return source_->Label(index);
}

absl::StatusOr<std::string> SampleReader::Transform(const StoredImage& stored, int64_t epoch,
                                                    int64_t index, Scratch* scratch,
                                                    uint8_t* out) const {
  const RandomStream draws(seed_, "augmentation", epoch, index);
  Image* const transformed = &scratch->transformed;
  std::string damage;
  if (const auto* file = std::get_if<EncodedBytes>(&stored)) {
    ASSIGN_OR_RETURN(EncodedImage encoded,
                     EncodedImage::Open(file->bytes, {.grey = shape_.channels == 1}));
    RETURN_IF_ERROR(pipeline_.Apply(&encoded, draws, &scratch->transform, transformed));
    damage = encoded.damage();
  } else {
    const PlanarPixels& planar = std::get<PlanarPixels>(stored);
    CHECK_EQ(planar.channels, shape_.channels);
    if (pipeline_.empty() && Size{planar.width, planar.height} == shape_.size) {
      std::memcpy(out, planar.pixels, shape_.numel());
      return damage;
    }
    ToPicture(planar, &scratch->decoded);
    RETURN_IF_ERROR(pipeline_.Apply(scratch->decoded, draws, &scratch->transform, transformed));
  }
  CHECK((Size{transformed->width, transformed->height} == shape_.size));
  ToPlanar(*transformed, shape_.channels, out);
  return damage;
}

}  // namespace vitrine
