// Tells how far maps of relevance tell what a model relies on, and where the object is if the data
// tells that, beside orders that know nothing of it.

#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "analysis/perturbation.h"
#include "analysis/pointing.h"
#include "analysis/relevance.h"
#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "data/batches/loader.h"
#include "data/split.h"
#include "eval/checkpoint_evaluation.h"
#include "eval/classifier.h"
#include "eval/data_arguments.h"
#include "eval/evaluator.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "vit/config.h"

DEFINE_string(checkpoint, "", "a checkpoint, or a run, whose newest checkpoint is taken");
DEFINE_int32(count, 100, "images, at equal distances over the split");
DEFINE_string(split, "test", "train, minival or test");
DEFINE_string(data_dir, "", "the data set's folder, as for //train");
DEFINE_int32(steps, 16, "patches change in so many steps");
DEFINE_uint64(seed, 0, "of the random orders");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //analysis:faithfulness -- --checkpoint=C [--data_dir=D] [flags] "
    "[data.on_bad_image=SKIP]\n"
    "Prints deletion and insertion scores of the methods of //analysis:rollout, and pointing "
    "scores\n"
    "where the data set knows where the object is (data.source=DIGITS_IN_CLUTTER).";

// One way to order patches, by a method or knowing nothing of the image, and its scores on each.
struct Way {
  std::string_view name;
  std::optional<Method> method = {};
  std::vector<double> deletion = {}, insertion = {};
  std::vector<double> hit = {}, mass = {};  // empty where it is not known what is where
};

constexpr int kRandom = 3, kCenter = 4;  // of Ways()

std::vector<Way> Ways() {
  return {{"rollout", Method::kRollout},
          {"last_layer", Method::kLastLayer},
          {"gradient", Method::kGradient},
          {"random"},
          {"center"}};
}

// [rows, columns] for the image [1, C, H, W] of this number.
at::Tensor MapOf(const Way& way, const VisionTransformer& model, const at::Tensor& image,
                 int64_t index) {
  if (way.method) return ComputeRelevance(model, image, {.method = *way.method}).maps[0];
  const PatchGrid grid(model.config());
  return way.name == "random" ? RandomMap(grid, FLAGS_seed, index) : CenterMap(grid);
}

absl::Status Score(const Classifier& classifier, const at::Tensor& image, int64_t index,
                   const std::optional<Box>& box, std::vector<Way>* ways) {
  const VisionTransformer& model = classifier.model();
  ASSIGN_OR_RETURN(const auto best, classifier.Best(model.Forward(image, {})[0], /*top=*/1));
  const int64_t predicted = best[0].index;
  for (Way& way : *ways) {
    const at::Tensor map = MapOf(way, model, image, index);
    const PerturbationScores scores = Perturb(model, image, map, predicted, FLAGS_steps);
    way.deletion.push_back(scores.deletion);
    way.insertion.push_back(scores.insertion);
    if (!box) continue;
    const PointingScores pointing = Point(map, *box, model.config().patch_size());
    way.hit.push_back(pointing.hit);
    way.mass.push_back(pointing.mass);
  }
  return absl::OkStatus();
}

std::optional<Box> BoxOf(const Dataset& dataset, Split split, int64_t index) {
  if (split != Split::kTest || dataset.test_boxes.empty()) return std::nullopt;
  return dataset.test_boxes[index];
}

Estimate Difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences;
  std::transform(a.begin(), a.end(), b.begin(), std::back_inserter(differences), std::minus<>());
  return MeanOfSample(differences);
}

std::string Text(const Estimate& estimate) {
  return absl::StrFormat("%+.4f +- %.4f", estimate.mean, estimate.margin);
}

void PrintTable(std::string_view title, std::vector<double> Way::*scores,
                const std::vector<Way>& ways) {
  std::cout << absl::StrFormat("%-24s %-18s %-18s %s\n", title, "mean", "beside random",
                               "beside center");
  for (const Way& way : ways) {
    std::cout << absl::StrFormat("  %-22s %-18s %-18s %s\n", way.name,
                                 Text(MeanOfSample(way.*scores)),
                                 Text(Difference(way.*scores, ways[kRandom].*scores)),
                                 Text(Difference(way.*scores, ways[kCenter].*scores)));
  }
}

void PrintTables(const std::vector<Way>& ways) {
  PrintTable("deletion, low is good", &Way::deletion, ways);
  PrintTable("insertion, high is good", &Way::insertion, ways);
  if (!ways[0].hit.empty()) {
    PrintTable("points at the object", &Way::hit, ways);
    PrintTable("share on the object", &Way::mass, ways);
  }
  std::cout << "of " << ways[0].deletion.size()
            << " images; margins are of 95 % intervals, differences are paired" << std::endl;
}

absl::Status CheckFlags() {
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_count < 2) return UsageError("--count: must be at least 2");
  if (FLAGS_steps < 1) return UsageError("--steps: must be positive");
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  ASSIGN_OR_RETURN(const Weights weights, WeightsOfFlag());
  ASSIGN_OR_RETURN(const Split split, AsUsageError(Annotate(ParseSplit(FLAGS_split), "--split")));
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  ASSIGN_OR_RETURN(const Classifier classifier,
                   Classifier::Load(UserPath(FLAGS_checkpoint), weights, device));
  ASSIGN_OR_RETURN(
      const EvaluationData data,
      EvaluationData::Load(classifier.manifest(), split, UserPath(FLAGS_data_dir), device, on_bad));
  ASSIGN_OR_RETURN(const auto loader, data.Open(/*batch_size=*/1));
  std::vector<Way> ways = Ways();
  // Class folders lie one behind the other, so the first images would be of few classes.
  const int64_t count = std::min<int64_t>(FLAGS_count, data.size());
  for (int64_t i = 0, scored = 0; scored < count && !loader->AtEnd(); ++i) {
    ASSIGN_OR_RETURN(const Batch batch, loader->Next());
    if (i != scored * data.size() / count) continue;
    ++scored;
    if (batch.labels.item<int64_t>() < 0) continue;  // it is left out
    RETURN_IF_ERROR(Score(classifier, batch.images, i, BoxOf(data.dataset(), split, i), &ways));
  }
  RETURN_IF_ERROR(TellLeftOut(loader->bad_images(), ways[0].deletion.size()));
  if (ways[0].deletion.size() < 2) {
    return absl::DataLossError("fewer than two of the images could be read; raise --count");
  }
  PrintTables(ways);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
