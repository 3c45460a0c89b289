#include "analysis/page/neighbour_data.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "analysis/explanation.h"
#include "analysis/pictures.h"
#include "base/status_macros.h"
#include "data/image/decode.h"
#include "data/image/image.h"
#include "data/source/image_source.h"

namespace vitrine {
namespace {

constexpr size_t kSpread = 12, kWrong = 8;  // images of a group
constexpr size_t kNearest = 7;              // beside each
constexpr int kLongestSide = 96;            // pixels of a picture on the page

using Answers = std::vector<const KnnAnswer*>;

// A split is in the order of its classes where they are folders.
Answers Spread(const std::vector<KnnAnswer>& answers) {
  Answers chosen;
  const size_t count = std::min(kSpread, answers.size());
  for (size_t i = 0; i < count; ++i) chosen.push_back(&answers[i * answers.size() / count]);
  return chosen;
}

Answers SurestWrong(const std::vector<KnnAnswer>& answers) {
  Answers wrong;
  for (const KnnAnswer& answer : answers) {
    if (answer.truth != answer.prediction) wrong.push_back(&answer);
  }
  std::stable_sort(wrong.begin(), wrong.end(),
                   [](const KnnAnswer* a, const KnnAnswer* b) { return a->share > b->share; });
  wrong.resize(std::min(wrong.size(), kWrong));
  return wrong;
}

absl::StatusOr<std::string> Picture(const ImageSource& images, int64_t index) {
  ASSIGN_OR_RETURN(const StoredImage stored, images.Read(index));
  const std::string file = ImageFile(stored);
  ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(file));
  Image picture;
  RETURN_IF_ERROR(encoded.Decode(&picture));
  return DataUrl(picture, kLongestSide);
}

// Name and picture.
absl::StatusOr<Json> Describe(const ImageSource& images, int64_t index) {
  const std::string name = images.Name(index);
  ASSIGN_OR_RETURN(std::string picture, Annotate(Picture(images, index), name));
  return Json{{"name", name}, {"picture", std::move(picture)}};
}

absl::StatusOr<Json> ItemJson(const KnnAnswer& answer, const Dataset& dataset, Split split) {
  const std::vector<std::string>& classes = dataset.class_names;
  ASSIGN_OR_RETURN(Json item, Describe(*dataset.part(split), answer.index));
  item["is"] = classes[answer.truth];
  item["prediction"] = classes[answer.prediction];
  item["share"] = answer.share;
  item["near"] = Json::array();
  for (size_t i = 0; i < std::min(kNearest, answer.near.size()); ++i) {
    ASSIGN_OR_RETURN(Json near, Describe(*dataset.train, answer.near[i]));
    near["is"] = classes[dataset.train->Label(answer.near[i])];
    near["cosine"] = answer.cosines[i];
    item["near"].push_back(std::move(near));
  }
  return item;
}

absl::StatusOr<Json> GroupJson(const std::string& title, const Answers& answers,
                               const Dataset& dataset, Split split) {
  Json items = Json::array();
  for (const KnnAnswer* answer : answers) {
    ASSIGN_OR_RETURN(items.emplace_back(), ItemJson(*answer, dataset, split));
  }
  return Json{{"title", title}, {"items", std::move(items)}};
}

}  // namespace

absl::StatusOr<Json> DescribeNeighbours(const KnnResult& result, const Dataset& dataset,
                                        Split split) {
  Json groups = Json::array();
  ASSIGN_OR_RETURN(groups.emplace_back(), GroupJson("Spread evenly over the split, none chosen",
                                                    Spread(result.answers), dataset, split));
  ASSIGN_OR_RETURN(groups.emplace_back(), GroupJson("Wrong, and surest of it",
                                                    SurestWrong(result.answers), dataset, split));
  return Json{{"groups", std::move(groups)}};
}

}  // namespace vitrine
