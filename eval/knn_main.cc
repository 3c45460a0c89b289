// Classifies a split by the nearest neighbours of its images among the training images.

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/neighbour_data.h"
#include "analysis/page/page.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/files/new_file.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "data/split.h"
#include "eval/data_arguments.h"
#include "eval/knn.h"
#include "eval/precision_flags.h"
#include "eval/readout_flags.h"
#include "eval/weights.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "train/checkpoint/open_model.h"
#include "vit/inference_model.h"
#include "vit/readout.h"
#include "vit/vision_transformer.h"

DEFINE_string(checkpoint, "", "a checkpoint, or a run, whose newest checkpoint is taken");
DEFINE_string(
    data_dir, "",
    "the data set's folder, or the parent of mnist/, cifar-10-batches-bin/ or imagenet-100/");
DEFINE_string(split, "test", "the images to classify: test or minival");
DEFINE_int32(k, 20, "neighbours that vote");
DEFINE_double(temperature, 0.07, "a vote counts exp(cosine / temperature)");
DEFINE_string(page, "", "also write this HTML file: some images beside their nearest ones");
DEFINE_bool(json, false, "print a JSON object");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:knn -- --checkpoint=C --data_dir=D [flags] [data.on_bad_image=SKIP]\n"
    "Prints how many images of a split are right if their nearest training images vote for the "
    "class.";

absl::Status CheckFlags() {
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_k < 1) return UsageError("--k: must be positive");
  if (!(FLAGS_temperature > 0)) return UsageError("--temperature: must be above 0");
  if (FLAGS_split != "test" && FLAGS_split != "minival") {
    return UsageError(absl::StrCat("--split: must be test or minival, not '", FLAGS_split,
                                   "'; images of train are their own neighbours"));
  }
  if (FLAGS_page.empty()) return absl::OkStatus();
  return AsUsageError(Annotate(CheckCanBeFile(UserPath(FLAGS_page)), "--page"));
}

absl::StatusOr<KnnOptions> OptionsOfFlags(const ModelConfig& config) {
  KnnOptions options = {.k = FLAGS_k, .temperature = FLAGS_temperature};
  ASSIGN_OR_RETURN(options.readout, ReadoutOfFlags(config));
  if (options.readout.tokens != Readout::Tokens::kPatches) return options;
  return UsageError("--tokens: must be head, class or mean");
}

Json ToJson(const KnnResult& result, const FeatureData& data, const KnnOptions& options,
            const fs::path& checkpoint, int64_t iteration) {
  const auto count = static_cast<double>(result.count);
  Json json = {{"split", FLAGS_split},
               {"memory", result.memory},
               {"count", result.count},
               {"correct_top1", result.correct_top1},
               {"correct_top5", result.correct_top5},
               {"top1", result.correct_top1 / count},
               {"top5", result.correct_top5 / count},
               {"data_set", data.dataset->name},
               {"k", result.k},
               {"temperature", FLAGS_temperature},
               {"tokens", TokensName(options.readout.tokens)},
               {"layer", options.readout.layer},
               {"final_norm", options.readout.final_norm},
               {"weights", FLAGS_weights},
               {"precision", FLAGS_precision},
               {"checkpoint", checkpoint.string()},
               {"iteration", iteration}};
  if (result.left_out > 0) json["left_out"] = result.left_out;
  return json;
}

std::string Line(const KnnResult& result) {
  const auto count = static_cast<double>(result.count);
  return absl::StrFormat(
      "%s %s  %d nearest of %d  temperature %g  top-1 %.4f (%d of %d)  top-5 %.4f (%d of %d)%s",
      FLAGS_weights, FLAGS_split, result.k, result.memory, FLAGS_temperature,
      result.correct_top1 / count, result.correct_top1, result.count, result.correct_top5 / count,
      result.correct_top5, result.count,
      result.left_out > 0 ? absl::StrCat("  (without ", result.left_out, " that can't be read)")
                          : "");
}

absl::Status WritePage(const KnnResult& result, const FeatureData& data, Split split,
                       const std::string& checkpoint) {
  ASSIGN_OR_RETURN(Json json, DescribeNeighbours(result, *data.dataset, split));
  json["title"] = "Nearest pictures";
  json["lead"] = absl::StrCat(checkpoint, " on ", data.dataset->name, ": ", Line(result));
  return WriteAtomically(UserPath(FLAGS_page), Page(json, PageKind::kNeighbours));
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  ASSIGN_OR_RETURN(const Split split, AsUsageError(Annotate(ParseSplit(FLAGS_split), "--split")));
  ASSIGN_OR_RETURN(const Weights weights, WeightsOfFlag());
  ASSIGN_OR_RETURN(const at::ScalarType operands, PrecisionOfFlag());
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  ASSIGN_OR_RETURN(const fs::path checkpoint, FindModel(UserPath(FLAGS_checkpoint)));
  ASSIGN_OR_RETURN(const SavedWeights saved, ReadWeights(checkpoint, weights));
  const ModelConfig& config = saved.manifest.config().model();
  ASSIGN_OR_RETURN(const VisionTransformer model,
                   Annotate(RestoreModel(config, saved.tensors, device), checkpoint.string()));
  ASSIGN_OR_RETURN(const KnnOptions options, OptionsOfFlags(config));
  ASSIGN_OR_RETURN(const FeatureData data,
                   LoadFeatureData(saved.manifest, UserPath(FLAGS_data_dir), device, on_bad));
  RETURN_IF_ERROR(AsUsageError(CheckKnn(data, split, options)));
  ASSIGN_OR_RETURN(const KnnResult result,
                   EvaluateKnn(InferenceModel(&model, operands), data, split, options));
  if (FLAGS_json) {
    const int64_t iteration = saved.manifest.iteration();
    std::cout << PrettyJson(ToJson(result, data, options, checkpoint, iteration)) << std::endl;
  } else {
    std::cout << checkpoint.string() << "  " << Line(result) << std::endl;
  }
  if (FLAGS_page.empty()) return absl::OkStatus();
  return WritePage(result, data, split, checkpoint.string());
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
