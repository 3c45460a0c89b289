// Shows what a model looked at in pictures.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "analysis/explanation.h"
#include "analysis/pictures.h"
#include "analysis/relevance.h"
#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "base/tensors/npy.h"
#include "data/batches/bad_images.h"
#include "data/image/image.h"
#include "data/image/png.h"
#include "data/source/file_list.h"
#include "data/source/image_source.h"
#include "data/split.h"
#include "eval/checkpoint_evaluation.h"
#include "eval/classifier.h"
#include "eval/data_arguments.h"
#include "eval/evaluator.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "train/checkpoint/checkpoint.h"

DEFINE_string(checkpoint, "", "a checkpoint, or a run, whose newest checkpoint is taken");
DEFINE_string(images, "", "JPEG or PNG files, or folders of them, with commas");
DEFINE_int32(count, 0, "in place of --images: the first so many images of the split");
DEFINE_string(split, "test", "of --count: train, minival or test");
DEFINE_string(data_dir, "", "of --count: the data set's folder, as for //train");
DEFINE_string(output_dir, "", "the folder to write to");
DEFINE_string(method, "rollout", "rollout, last_layer or gradient");
DEFINE_string(head_fusion, "mean", "mean, max or min over the heads; not for gradient");
DEFINE_double(discard_ratio, 0, "rollout: sets so large a part of the weakest attention to 0");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //analysis:rollout -- --checkpoint=C (--images=F[,F...] | --count=N [--data_dir=D]) "
    "--output_dir=O [flags] [data.on_bad_image=SKIP]\n"
    "Writes for each image <stem>.overlay.png and <stem>.npy, and predictions.csv and "
    "contact_sheet.png for all.";

constexpr int kPairs = 4, kCell = 224;  // of the contact sheet: pairs in a row, pixels
constexpr size_t kMostPairs = 64;       // on it

// One picture to explain.
struct Input {
  std::string name;   // for messages
  std::string stem;   // of the files written
  std::string truth;  // its class, where that is known

  // The bytes of its file. Of many pictures one is in memory at a time.
  std::function<absl::StatusOr<std::string>()> read;
};

absl::Status CheckFlags() {
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_output_dir.empty()) return UsageError("--output_dir: name the folder to write to");
  if (FLAGS_images.empty() == (FLAGS_count == 0)) return UsageError("give --images or --count");
  if (FLAGS_count < 0) return UsageError("--count: must be positive");
  if (FLAGS_method == "gradient" && (FLAGS_head_fusion != "mean" || FLAGS_discard_ratio != 0)) {
    return UsageError("--head_fusion, --discard_ratio: are not for --method=gradient");
  }
  if (FLAGS_method == "last_layer" && FLAGS_discard_ratio != 0) {
    return UsageError("--discard_ratio: is not for --method=last_layer");
  }
  if (!(FLAGS_discard_ratio >= 0 && FLAGS_discard_ratio < 1)) {
    return UsageError("--discard_ratio: must be from 0 to below 1");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Input>> NamedFiles() {
  ASSIGN_OR_RETURN(const std::vector<fs::path> files, ListImageFiles("--images", FLAGS_images));
  std::vector<Input> inputs;
  std::set<std::string> stems;
  for (const fs::path& file : files) {
    const std::string stem = file.stem().string();
    if (!stems.insert(stem).second) {
      return UsageError(absl::StrCat("--images: two are called ", stem,
                                     ", and the files written are named after them"));
    }
    inputs.push_back({.name = file.string(), .stem = stem, .truth = "", .read = [file] {
                        return ReadFile(file);
                      }});
  }
  return inputs;
}

absl::StatusOr<std::vector<Input>> FirstOfSplit(const CheckpointManifest& manifest, Split split,
                                                OnBadImage on_bad) {
  ASSIGN_OR_RETURN(
      const EvaluationData data,
      EvaluationData::Load(manifest, split, UserPath(FLAGS_data_dir), at::kCPU, on_bad));
  const std::shared_ptr<const ImageSource>& images = data.dataset().part(split);
  std::vector<Input> inputs;
  for (int64_t i = 0; i < std::min<int64_t>(FLAGS_count, data.size()); ++i) {
    const std::string name = absl::StrFormat("%s-%05d", SplitName(split), i);
    const int64_t label = images->Label(i);
    inputs.push_back({.name = name,
                      .stem = name,
                      .truth = label < 0 ? "" : data.class_names()[label],
                      .read = [images, i]() -> absl::StatusOr<std::string> {
                        ASSIGN_OR_RETURN(const StoredImage stored, images->Read(i));
                        return ImageFile(stored);
                      }});
  }
  return inputs;
}

// Of a split as the run did, unless it is said otherwise.
bool Skips(const Classifier& classifier, OnBadImage on_bad) {
  if (on_bad || FLAGS_count == 0) return on_bad == DataConfig::SKIP;
  return classifier.manifest().config().data().on_bad_image() == DataConfig::SKIP;
}

// So that nothing is written if one of them is bad. If such are skipped, they are left out. Returns
// those that are damaged but were read.
absl::StatusOr<BadImages> CheckPictures(const Classifier& classifier, bool skips,
                                        std::vector<Input>* inputs) {
  const auto prepare = [&](const Input& input) -> absl::StatusOr<PreparedImage> {
    ASSIGN_OR_RETURN(const std::string bytes, input.read());
    return Annotate(classifier.Prepare(bytes), input.name);
  };
  std::vector<Input> good;
  BadImages bad;
  BadImageList damaged;
  for (Input& input : *inputs) {
    const absl::StatusOr<PreparedImage> prepared = prepare(input);
    if (!prepared.ok()) {
      if (!skips) return prepared.status();
      if (bad.count++ == 0) bad.example = std::string(prepared.status().message());
      continue;
    }
    if (!prepared->damage.empty()) {
      damaged.Add(static_cast<int64_t>(good.size()),
                  absl::StrCat(input.name, ": ", prepared->damage));
    }
    good.push_back(std::move(input));
  }
  *inputs = std::move(good);
  RETURN_IF_ERROR(TellLeftOut(bad, static_cast<int64_t>(inputs->size())));
  return damaged.images();
}

// Quoted where a comma, a quote or a line break would end the field.
std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

// Writes the files of one picture, adds it to the sheet and returns its line of predictions.csv.
absl::StatusOr<std::string> WriteExplanation(const Classifier& classifier, const Input& input,
                                             const RelevanceOptions& options,
                                             const fs::path& folder, std::vector<Image>* sheet) {
  ASSIGN_OR_RETURN(const std::string bytes, input.read());
  ASSIGN_OR_RETURN(Explanation explanation, Explain(classifier, bytes, options));
  RETURN_IF_ERROR(CreateFolder(folder));
  RETURN_IF_ERROR(
      WriteAtomically(folder / (input.stem + ".overlay.png"), EncodePng(explanation.overlay)));
  RETURN_IF_ERROR(WriteAtomically(folder / (input.stem + ".npy"), NpyBytes(explanation.map)));
  if (sheet->size() < 2 * kMostPairs) {
    sheet->push_back(Fitted(explanation.picture, kCell));
    sheet->push_back(Fitted(explanation.overlay, kCell));
  }
  return absl::StrFormat("%s,%s,%s,%.6f\n", CsvField(input.stem), CsvField(input.truth),
                         CsvField(explanation.best.name), explanation.best.probability);
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  RelevanceOptions options;
  ASSIGN_OR_RETURN(options.method, AsUsageError(ParseMethod(FLAGS_method)));
  ASSIGN_OR_RETURN(options.rollout.head_fusion, AsUsageError(ParseHeadFusion(FLAGS_head_fusion)));
  options.rollout.discard_ratio = FLAGS_discard_ratio;
  ASSIGN_OR_RETURN(const Weights weights, WeightsOfFlag());
  ASSIGN_OR_RETURN(const Split split, AsUsageError(Annotate(ParseSplit(FLAGS_split), "--split")));
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  ASSIGN_OR_RETURN(const Classifier classifier,
                   Classifier::Load(UserPath(FLAGS_checkpoint), weights, device));
  ASSIGN_OR_RETURN(
      std::vector<Input> inputs,
      FLAGS_count > 0 ? FirstOfSplit(classifier.manifest(), split, on_bad) : NamedFiles());
  ASSIGN_OR_RETURN(const BadImages damaged,
                   CheckPictures(classifier, Skips(classifier, on_bad), &inputs));
  const fs::path folder = UserPath(FLAGS_output_dir);
  std::string csv = "image,truth,prediction,probability\n";
  std::vector<Image> sheet;
  for (const Input& input : inputs) {
    ASSIGN_OR_RETURN(
        const std::string line,
        Annotate(WriteExplanation(classifier, input, options, folder, &sheet), input.name));
    csv += line;
  }
  RETURN_IF_ERROR(WriteAtomically(folder / "predictions.csv", csv));
  RETURN_IF_ERROR(WriteAtomically(folder / "contact_sheet.png",
                                  EncodePng(ContactSheet(sheet, 2 * kPairs, kCell))));
  std::cout << folder.string() << ": " << inputs.size()
            << (inputs.size() == 1 ? " image" : " images") << std::endl;
  WarnOfDamagedImages(damaged);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
