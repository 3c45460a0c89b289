// The same images with the classes numbered otherwise: data sets that share their classes seldom
// share their order.
//
//   ASSIGN_OR_RETURN(auto labels, MatchClasses(/*from=*/found, /*to=*/expected));
//   images = std::make_shared<RelabeledSource>(images, std::move(labels));

#ifndef DATA_SOURCE_RELABELED_SOURCE_H_
#define DATA_SOURCE_RELABELED_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source/image_source.h"

namespace vitrine {

// Where each class of one list stands in another. InvalidArgument, with the first that differ, if
// they are not the same classes.
absl::StatusOr<std::vector<int64_t>> MatchClasses(const std::vector<std::string>& from,
                                                  const std::vector<std::string>& to);

// The same where `from` may lack some: it lists those that occur.
absl::StatusOr<std::vector<int64_t>> MatchSomeClasses(const std::vector<std::string>& from,
                                                      const std::vector<std::string>& to);

// Label i of the source becomes labels[i]; a negative one stays.
class RelabeledSource final : public ImageSource {
 public:
  RelabeledSource(std::shared_ptr<const ImageSource> source, std::vector<int64_t> labels);

  int64_t size() const override { return source_->size(); }
  bool NeedsDecoding() const override { return source_->NeedsDecoding(); }
  int64_t Label(int64_t index) const override;
  std::string Name(int64_t index) const override { return source_->Name(index); }
  absl::StatusOr<StoredImage> Read(int64_t index) const override { return source_->Read(index); }

 private:
  std::shared_ptr<const ImageSource> source_;
  std::vector<int64_t> labels_;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_RELABELED_SOURCE_H_
