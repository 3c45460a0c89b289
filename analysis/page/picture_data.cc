#include "analysis/page/picture_data.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "analysis/explanation.h"
#include "analysis/page/evaluation_data.h"
#include "analysis/pictures.h"
#include "base/status_macros.h"
#include "data/batches/loader.h"
#include "data/batches/normalization.h"
#include "data/batches/planar.h"
#include "data/batches/sampler.h"
#include "data/image/image.h"
#include "data/split.h"
#include "eval/checkpoint_evaluation.h"
#include "eval/classifier.h"
#include "eval/result.pb.h"
#include "eval/weights.h"
#include "google/protobuf/repeated_field.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

using Example = EvaluationResult::Example;
using ExampleList = google::protobuf::RepeatedPtrField<Example>;

constexpr int64_t kInputs = 16;
constexpr int kLongestSide = 160;  // pixels of a picture on the page

// Whether the model says of a picture what it said when its split was evaluated, but for rounding.
// Otherwise the picture is another now.
absl::Status CheckIsSame(const Example& example, const ClassScore& now) {
  const double then = example.probability();
  const bool is_same =
      now.index == example.prediction() && std::abs(now.probability - then) < 1e-3 * then;
  if (is_same) return absl::OkStatus();
  return absl::FailedPreconditionError("the picture is not the one that was evaluated");
}

// Where the pictures of a result come from.
struct PictureSource {
  const Classifier& classifier;
  const EvaluationData& data;
  bool is_saved;  // the result, by an earlier evaluation
};

absl::StatusOr<Json> GroupJson(const char* title, const ExampleList& examples,
                               const PictureSource& source) {
  const auto& [classifier, data, is_saved] = source;
  const std::vector<std::string>& names = data.class_names();
  Json items = Json::array();
  for (const Example& example : examples) {
    ASSIGN_OR_RETURN(const StoredImage stored, data.images().Read(example.index()));
    ASSIGN_OR_RETURN(
        const Explanation explanation,
        Annotate(Explain(classifier, ImageFile(stored), {}), data.images().Name(example.index())));
    if (is_saved) RETURN_IF_ERROR(CheckIsSame(example, explanation.best));
    items.push_back({{"index", example.index()},
                     {"truth", names[example.truth()]},
                     {"prediction", names[example.prediction()]},
                     {"probability", example.probability()},
                     {"picture", DataUrl(explanation.picture, kLongestSide)},
                     {"overlay", DataUrl(explanation.overlay, kLongestSide)}});
  }
  return Json{{"title", title}, {"items", std::move(items)}};
}

absl::StatusOr<Json> Groups(const EvaluationResult::Examples& examples,
                            const PictureSource& source) {
  Json groups = Json::array();
  ASSIGN_OR_RETURN(groups.emplace_back(),
                   GroupJson("The first of the split, none chosen", examples.first(), source));
  ASSIGN_OR_RETURN(groups.emplace_back(),
                   GroupJson("Wrong, and surest of it", examples.surest_wrong(), source));
  ASSIGN_OR_RETURN(groups.emplace_back(),
                   GroupJson("Right, and least sure of it", examples.least_sure_right(), source));
  return groups;
}

// What the page shows of a result.
absl::StatusOr<Json> ResultJson(const EvaluationResult& result, const PictureSource& source) {
  Json json = {{"evaluation", DescribeEvaluation(result)}};
  ASSIGN_OR_RETURN(json["groups"], Groups(result.examples(), source));
  return json;
}

// Of the result that //train or //eval left beside the checkpoint, which takes no pass over the
// split; where there is none to be believed, or a picture of it is no longer as it was, of a new
// evaluation.
absl::StatusOr<Json> TestJson(const fs::path& checkpoint, const Classifier& classifier,
                              const EvaluationData& data) {
  if (const auto saved = data.FindSaved(checkpoint, classifier.manifest(), Weights::kModel)) {
    absl::StatusOr<Json> json = ResultJson(*saved, {classifier, data, /*is_saved=*/true});
    if (json.ok()) return json;
  }
  ASSIGN_OR_RETURN(const EvaluationResult result,
                   data.Evaluate(classifier.inference(), /*flips=*/false));
  return ResultJson(result, {classifier, data, /*is_saved=*/false});
}

// The first images of the first training batch, with all transforms, as bytes again.
absl::StatusOr<Json> Inputs(const CheckpointManifest& manifest, const EvaluationData& data) {
  const DataConfig& config = data.spec().config;
  const uint64_t seed = manifest.config().seed();
  ASSIGN_OR_RETURN(const auto sampler, Sampler::Create(seed, data.dataset().train->size(), config));
  ASSIGN_OR_RETURN(const auto loader,
                   Loader::ForTraining(data.dataset(), data.spec(), *sampler, seed, 0));
  ASSIGN_OR_RETURN(const Batch batch, loader->Next());
  const auto [channels, size] = data.spec().shape;
  ASSIGN_OR_RETURN(const auto normalization, Normalization::Create(config, channels));
  const at::Tensor bytes = normalization.Invert(batch.images).contiguous();
  Json inputs = Json::array();
  for (int64_t i = 0; i < std::min(kInputs, bytes.size(0)); ++i) {
    Image picture;
    ToPicture({bytes[i].const_data_ptr<uint8_t>(), channels, size.height, size.width}, &picture);
    inputs.push_back(DataUrl(picture, kLongestSide));
  }
  return inputs;
}

}  // namespace

absl::StatusOr<Json> DescribePictures(const fs::path& run_dir, const fs::path& data_dir,
                                      at::Device device, OnBadImage on_bad) {
  ASSIGN_OR_RETURN(const fs::path checkpoint, FindCheckpoint(run_dir));
  ASSIGN_OR_RETURN(const Classifier classifier,
                   Classifier::Load(checkpoint, Weights::kModel, device));
  const CheckpointManifest& manifest = classifier.manifest();
  ASSIGN_OR_RETURN(const EvaluationData data,
                   EvaluationData::Load(manifest, Split::kTest, data_dir, device, on_bad));
  ASSIGN_OR_RETURN(Json test, TestJson(checkpoint, classifier, data));
  Json json = {{"checkpoint", checkpoint.filename().string()},
               {"evaluation", std::move(test["evaluation"])}};
  ASSIGN_OR_RETURN(json["inputs"], Inputs(manifest, data));
  json["groups"] = std::move(test["groups"]);
  return json;
}

}  // namespace vitrine
