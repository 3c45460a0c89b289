// Some of the images of a source: how train and minival come out of one set of files.

#ifndef DATA_SOURCE_SUBSET_SOURCE_H_
#define DATA_SOURCE_SUBSET_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source/image_source.h"

namespace vitrine {

// The images at these indices of another source, in their order; none is fine.
class SubsetSource final : public ImageSource {
 public:
  SubsetSource(std::shared_ptr<const ImageSource> source, std::vector<int64_t> indices);

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  bool NeedsDecoding() const override { return source_->NeedsDecoding(); }
  int64_t Label(int64_t index) const override { return source_->Label(indices_.at(index)); }
  std::string Name(int64_t index) const override { return source_->Name(indices_.at(index)); }
  absl::StatusOr<StoredImage> Read(int64_t index) const override {
    return source_->Read(indices_.at(index));
  }

 private:
  std::shared_ptr<const ImageSource> source_;
  std::vector<int64_t> indices_;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_SUBSET_SOURCE_H_
