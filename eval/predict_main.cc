// Classifies image files.

#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/concat.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/files/new_file.h"
#include "base/one_line.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "base/tensors/safetensors.h"
#include "base/tensors/tensor_map.h"
#include "data/batches/bad_images.h"
#include "data/source/file_list.h"
#include "eval/classifier.h"
#include "eval/data_arguments.h"
#include "eval/embedding_file.h"
#include "eval/evaluator.h"
#include "eval/precision_flags.h"
#include "eval/weights.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "vit/inference_model.h"

DEFINE_string(checkpoint, "", "a checkpoint, or a run, whose newest checkpoint is taken");
DEFINE_string(images, "", "JPEG or PNG files, or folders of them, with commas");
DEFINE_int32(top, 5, "print the so many most probable classes");
DEFINE_bool(json, false, "print a JSON array with an object for each file");
DEFINE_string(output, "",
              "also write this file, F.safetensors: features, what the head reads, and logits, a "
              "row for each image, with the images' names in its metadata");
DEFINE_bool(inputs, false, "with --output: inputs too, the pixels as the model takes them");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:predict -- --checkpoint=C --images=F[,F...] [flags] "
    "[data.on_bad_image=SKIP]\n"
    "Prints the most probable classes of image files. SKIP leaves out those that can't be read.";

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

// Tensors of a row for each image, and the images' names.
class Rows {
 public:
  void Add(const std::string& name, const at::Tensor& row) {
    rows_[name].push_back(row.detach().cpu());
  }
  void AddName(const fs::path& file) { names_.push_back(file.string()); }

  absl::Status Write(const fs::path& path) const {
    TensorMap tensors;
    for (const auto& [name, rows] : rows_) tensors.emplace(name, at::concat(rows));
    return WriteNewFile(path, [&](const fs::path& partial) {
      return WriteSafetensors(partial, tensors, {{"files", CompactJson(Json(names_))}}).status();
    });
  }

 private:
  std::map<std::string, std::vector<at::Tensor>> rows_;
  std::vector<std::string> names_;
};

absl::Status CheckOutput() {
  if (FLAGS_output.empty()) return absl::OkStatus();
  const fs::path output = UserPath(FLAGS_output);
  if (output.extension() != ".safetensors") {
    return UsageError(absl::StrCat("--output: ", output.string(),
                                   ": its name must end with .safetensors; //eval:embed writes "
                                   ".npy"));
  }
  RETURN_IF_ERROR(AsUsageError(Annotate(CheckCanBeFile(output), "--output")));
  return AsUsageError(Annotate(CheckIsNew(output), "--output"));
}

absl::Status CheckFlags() {
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_images.empty()) return UsageError("--images: name image files or folders of them");
  if (FLAGS_top < 1) return UsageError("--top: must be positive");
  if (FLAGS_inputs && FLAGS_output.empty()) return UsageError("--inputs: needs --output=F");
  return CheckOutput();
}

absl::StatusOr<PreparedImage> Read(const Classifier& classifier, const fs::path& file) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file));
  return Annotate(classifier.Prepare(bytes), file.string());
}

absl::StatusOr<Prediction> Predict(const Classifier& classifier, const fs::path& file,
                                   const PreparedImage& prepared, Rows* rows) {
  const at::Tensor features = classifier.inference().Features(prepared.input);
  const at::Tensor logits = classifier.inference().Classify(features);
  ASSIGN_OR_RETURN(std::vector<ClassScore> best,
                   Annotate(classifier.Best(logits[0], FLAGS_top), file.string()));
  if (!FLAGS_output.empty()) {
    rows->AddName(file);
    rows->Add("features", features);
    rows->Add("logits", logits);
    if (FLAGS_inputs) rows->Add("inputs", prepared.input);
  }
  return Prediction{file, std::move(best), prepared.damage};
}

void PrintText(const Prediction& prediction) {
  std::cout << OneLine(prediction.file.string());
  for (const ClassScore& score : prediction.best) {
    std::cout << absl::StrFormat("  %s %.4f", OneLine(score.name), score.probability);
  }
  std::cout << std::endl;
}

Json ToJson(const Prediction& prediction) {
  Json classes = Json::array();
  for (const ClassScore& score : prediction.best) {
    classes.push_back(
        {{"class", score.name}, {"index", score.index}, {"probability", score.probability}});
  }
  Json json = {{"image", prediction.file.string()}, {"classes", classes}};
  if (!prediction.damage.empty()) json["damage"] = prediction.damage;
  return json;
}

absl::Status CheckNames(const std::vector<fs::path>& files) {
  if (FLAGS_output.empty()) return absl::OkStatus();
  return CheckMetadataNames({files.begin(), files.end()});
}

// Prints what the model says of each, and says which could not be read.
absl::Status PredictAll(const Classifier& classifier, const std::vector<fs::path>& files,
                        bool skips, Rows* rows) {
  Json json = Json::array();
  BadImageList bad, damaged;
  for (size_t i = 0; i < files.size(); ++i) {
    const absl::StatusOr<PreparedImage> prepared = Read(classifier, files[i]);
    if (!prepared.ok()) {
      if (!skips) {
        return absl::Status(
            prepared.status().code(),
            absl::StrCat(prepared.status().message(), "; mend it, or set data.on_bad_image=SKIP"));
      }
      bad.Add(static_cast<int64_t>(i), prepared.status().message());
      continue;
    }
    ASSIGN_OR_RETURN(const Prediction prediction, Predict(classifier, files[i], *prepared, rows));
    FLAGS_json ? json.push_back(ToJson(prediction)) : PrintText(prediction);
    if (!prediction.damage.empty()) {
      damaged.Add(static_cast<int64_t>(i),
                  absl::StrCat(files[i].string(), ": ", prediction.damage));
    }
  }
  const BadImages left_out = bad.images();
  RETURN_IF_ERROR(TellLeftOut(left_out, static_cast<int64_t>(files.size()) - left_out.count));
  if (FLAGS_json) std::cout << PrettyJson(json) << std::endl;
  WarnOfDamagedImages(damaged.images());
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  ASSIGN_OR_RETURN(const Weights weights, WeightsOfFlag());
  ASSIGN_OR_RETURN(const at::ScalarType operands, PrecisionOfFlag());
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  ASSIGN_OR_RETURN(const Classifier classifier,
                   Classifier::Load(UserPath(FLAGS_checkpoint), weights, device, operands));
  RETURN_IF_ERROR(CheckHead(classifier.manifest()));
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, ListImageFiles("--images", FLAGS_images));
  RETURN_IF_ERROR(CheckNames(files));
  Rows rows;
  RETURN_IF_ERROR(PredictAll(classifier, files, on_bad == DataConfig::SKIP, &rows));
  return FLAGS_output.empty() ? absl::OkStatus() : rows.Write(UserPath(FLAGS_output));
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
