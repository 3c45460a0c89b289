// A data set that is held in memory as pixels: small, and quick to read.

#ifndef DATA_SOURCE_MEMORY_SOURCE_H_
#define DATA_SOURCE_MEMORY_SOURCE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "data/sets/image_set.h"
#include "data/source/image_source.h"

namespace vitrine {

class MemorySource final : public ImageSource {
 public:
  // `name` is what the images are called, each with its number.
  MemorySource(std::string name, ImageSet set);

  const ImageSet& set() const { return set_; }

  int64_t size() const override { return set_.size(); }
  bool NeedsDecoding() const override { return false; }
  int64_t Label(int64_t index) const override;
  std::string Name(int64_t index) const override;
  absl::StatusOr<StoredImage> Read(int64_t index) const override;

 private:
  std::string name_;
  ImageSet set_;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_MEMORY_SOURCE_H_
