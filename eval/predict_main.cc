// Classifies image files.

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/concat.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "base/tensors/safetensors.h"
#include "base/tensors/tensor_map.h"
#include "data/batches/bad_images.h"
#include "data/source/file_list.h"
#include "eval/classifier.h"
#include "eval/precision_flag.h"
#include "eval/weights.h"
#include "gflags/gflags.h"
#include "vit/inference_model.h"

DEFINE_string(checkpoint, "", "a checkpoint, or a run, whose newest checkpoint is taken");
DEFINE_string(images, "", "JPEG or PNG files, or folders of them, with commas");
DEFINE_string(weights, "model", "model, or ema or swa for that average of the weights");
DEFINE_int32(top, 5, "print the so many most probable classes");
DEFINE_bool(json, false, "print a JSON array with an object for each file");
DEFINE_string(output, "",
              "also write this safetensors file: features, what the head reads, and logits, a row "
              "for each file");
DEFINE_bool(inputs, false, "with --output: inputs too, the pixels as the model takes them");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:predict -- --checkpoint=C --images=F[,F...] [flags]\n"
    "Prints the most probable classes of image files.";

absl::Status CheckHead(const CheckpointManifest& manifest) {
  if (HasHead(manifest) || !FLAGS_output.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      FLAGS_checkpoint,
      ": has no head that tells classes apart; train one, or take its features with --output"));
}

struct Prediction {
  fs::path file;
  std::vector<ClassScore> best;
  std::string damage;  // of a file that was read all the same
};

// Tensors of a row for each file.
class Rows {
 public:
  void Add(const std::string& name, const at::Tensor& row) {
    rows_[name].push_back(row.detach().cpu());
  }

  absl::Status Write(const fs::path& path) const {
    TensorMap tensors;
    for (const auto& [name, rows] : rows_) tensors.emplace(name, at::concat(rows));
    return WriteSafetensors(path, tensors).status();
  }

 private:
  std::map<std::string, std::vector<at::Tensor>> rows_;
};

absl::Status CheckFlags(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_images.empty()) return UsageError("--images: name image files or folders of them");
  if (FLAGS_top < 1) return UsageError("--top: must be positive");
  if (FLAGS_inputs && FLAGS_output.empty()) return UsageError("--inputs: needs --output=F");
  return absl::OkStatus();
}

absl::StatusOr<Prediction> Predict(const Classifier& classifier, const fs::path& file, Rows* rows) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file));
  ASSIGN_OR_RETURN(const PreparedImage prepared,
                   Annotate(classifier.Prepare(bytes), file.string()));
  const at::Tensor features = classifier.inference().Features(prepared.input);
  const at::Tensor logits = classifier.inference().Classify(features);
  ASSIGN_OR_RETURN(std::vector<ClassScore> best,
                   Annotate(classifier.Best(logits[0], FLAGS_top), file.string()));
  if (!FLAGS_output.empty()) {
    rows->Add("features", features);
    rows->Add("logits", logits);
    if (FLAGS_inputs) rows->Add("inputs", prepared.input);
  }
  return Prediction{file, std::move(best), prepared.damage};
}

void PrintText(const Prediction& prediction) {
  std::cout << prediction.file.string();
  for (const ClassScore& score : prediction.best) {
    std::cout << absl::StrFormat("  %s %.4f", score.name, score.probability);
  }
  std::cout << std::endl;
}

Json ToJson(const Prediction& prediction) {
  Json classes = Json::array();
  for (const ClassScore& score : prediction.best) {
    classes.push_back(
        {{"class", score.name}, {"index", score.index}, {"probability", score.probability}});
  }
  return {{"image", prediction.file.string()}, {"classes", classes}};
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags(arguments));
  ASSIGN_OR_RETURN(const Weights weights, AsUsageError(ParseWeights(FLAGS_weights)));
  ASSIGN_OR_RETURN(const at::ScalarType operands, PrecisionOfFlag());
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  ASSIGN_OR_RETURN(const Classifier classifier,
                   Classifier::Load(UserPath(FLAGS_checkpoint), weights, device, operands));
  RETURN_IF_ERROR(CheckHead(classifier.manifest()));
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, ListImageFiles("--images", FLAGS_images));
  Json json = Json::array();
  BadImageList damaged;
  Rows rows;
  for (size_t i = 0; i < files.size(); ++i) {
    ASSIGN_OR_RETURN(const Prediction prediction, Predict(classifier, files[i], &rows));
    FLAGS_json ? json.push_back(ToJson(prediction)) : PrintText(prediction);
    if (!prediction.damage.empty()) {
      damaged.Add(static_cast<int64_t>(i),
                  absl::StrCat(files[i].string(), ": ", prediction.damage));
    }
  }
  if (FLAGS_json) std::cout << PrettyJson(json) << std::endl;
  WarnOfDamagedImages(damaged.images());
  if (!FLAGS_output.empty()) RETURN_IF_ERROR(rows.Write(UserPath(FLAGS_output)));
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
