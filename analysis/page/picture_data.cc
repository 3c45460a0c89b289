#include "analysis/page/picture_data.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/softmax.h"
#include "absl/types/span.h"
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
#include "eval/evaluator.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFirst = 16, kChosen = 12, kInputs = 16;  // pictures of a group
constexpr int kLongestSide = 160;                           // pixels of a picture on the page

// How the model did on one image of the split.
struct Answer {
  int64_t index, truth, prediction;
  double probability;  // of the prediction

  bool is_right() const { return truth == prediction; }
};

void AddAnswers(const ScoredBatch& batch, std::vector<Answer>* answers) {
  const auto [probabilities, predictions] = at::softmax(batch.logits, 1).max(1);
  const at::Tensor indices = batch.indices.cpu(), truths = batch.labels.cpu();
  const at::Tensor answered = predictions.cpu(), sure = probabilities.cpu().to(at::kDouble);
  for (int64_t i = 0; i < truths.size(0); ++i) {
    answers->push_back({.index = indices.const_data_ptr<int64_t>()[i],
                        .truth = truths.const_data_ptr<int64_t>()[i],
                        .prediction = answered.const_data_ptr<int64_t>()[i],
                        .probability = sure.const_data_ptr<double>()[i]});
  }
}

// Those that are right, or wrong, in the order of `before`, the first kChosen.
template <typename Before>
std::vector<Answer> Choose(absl::Span<const Answer> answers, bool is_right, Before before) {
  std::vector<Answer> chosen;
  for (const Answer& answer : answers) {
    if (answer.is_right() == is_right) chosen.push_back(answer);
  }
  std::stable_sort(chosen.begin(), chosen.end(), before);
  chosen.resize(std::min<size_t>(chosen.size(), kChosen));
  return chosen;
}

absl::StatusOr<Json> GroupJson(const std::string& title, absl::Span<const Answer> answers,
                               const Classifier& classifier, const EvaluationData& data) {
  const std::vector<std::string>& names = data.class_names();
  Json items = Json::array();
  for (const Answer& answer : answers) {
    ASSIGN_OR_RETURN(const StoredImage stored, data.images().Read(answer.index));
    ASSIGN_OR_RETURN(
        const Explanation explanation,
        Annotate(Explain(classifier, ImageFile(stored), {}), data.images().Name(answer.index)));
    items.push_back({{"index", answer.index},
                     {"truth", names[answer.truth]},
                     {"prediction", names[answer.prediction]},
                     {"probability", answer.probability},
                     {"picture", DataUrl(explanation.picture, kLongestSide)},
                     {"overlay", DataUrl(explanation.overlay, kLongestSide)}});
  }
  return Json{{"title", title}, {"items", std::move(items)}};
}

absl::StatusOr<Json> Groups(absl::Span<const Answer> answers, const Classifier& classifier,
                            const EvaluationData& data) {
  const auto surer = [](const Answer& a, const Answer& b) { return a.probability > b.probability; };
  const auto less_sure = [](const Answer& a, const Answer& b) {
    return a.probability < b.probability;
  };
  Json groups = Json::array();
  ASSIGN_OR_RETURN(groups.emplace_back(), GroupJson("The first of the split, none chosen",
                                                    answers.subspan(0, kFirst), classifier, data));
  ASSIGN_OR_RETURN(
      groups.emplace_back(),
      GroupJson("Wrong, and surest of it", Choose(answers, false, surer), classifier, data));
  ASSIGN_OR_RETURN(
      groups.emplace_back(),
      GroupJson("Right, and least sure of it", Choose(answers, true, less_sure), classifier, data));
  return groups;
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
  std::vector<Answer> answers;
  ASSIGN_OR_RETURN(const EvaluationResult result,
                   data.Evaluate(classifier.model(), /*flips=*/false,
                                 [&](const ScoredBatch& batch) { AddAnswers(batch, &answers); }));
  Json json = {{"checkpoint", checkpoint.filename().string()},
               {"evaluation", DescribeEvaluation(result)}};
  ASSIGN_OR_RETURN(json["inputs"], Inputs(manifest, data));
  ASSIGN_OR_RETURN(json["groups"], Groups(answers, classifier, data));
  return json;
}

}  // namespace vitrine
