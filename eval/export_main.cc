// Writes a model as other packages have it.

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/files/new_file.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "eval/formats/formats.h"
#include "eval/formats/onnx.h"
#include "eval/formats/timm.h"
#include "eval/formats/transformers.h"
#include "eval/weights.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "train/checkpoint/open_model.h"

DEFINE_string(
    checkpoint, "",
    "a checkpoint, a run, whose newest checkpoint is taken, or weights of other packages");
DEFINE_string(format, "", "timm or huggingface, a folder for that package; or onnx, a file");
DEFINE_string(output, "", "what to write, which is not there yet");
DEFINE_bool(with_preprocessing, false,
            "with onnx: the input is bytes of pictures of any size, resized and normalised inside");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:export -- --checkpoint=C --format=timm|huggingface|onnx --output=O [flags]\n"
    "Writes a model for timm.create_model, for transformers' from_pretrained, or for ONNX Runtime "
    "and its like.";

constexpr Format kOffered[] = {Format::kTimm, Format::kHuggingface, Format::kOnnx};

absl::Status CheckFlags(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_output.empty()) return UsageError("--output: name the folder or file to write");
  return absl::OkStatus();
}

absl::StatusOr<Format> FormatOfFlag() {
  std::vector<std::string_view> names;
  for (const Format format : kOffered) {
    if (FLAGS_format == FormatName(format)) return format;
    names.push_back(FormatName(format));
  }
  return UsageError(absl::StrCat("--format: must be one of ", absl::StrJoin(names, ", "), ", not '",
                                 FLAGS_format, "'"));
}

absl::Status CheckPreprocessing(Format format) {
  if (!FLAGS_with_preprocessing || format == Format::kOnnx) return absl::OkStatus();
  return UsageError("--with_preprocessing: needs --format=onnx; the others have files that say it");
}

absl::StatusOr<fs::path> OutputPath(Format format) {
  if (format == Format::kOnnx) RETURN_IF_ERROR(CheckCanBeFile(UserPath(FLAGS_output)));
  const fs::path path = WithName(UserPath(FLAGS_output));
  RETURN_IF_ERROR(CheckIsNew(path));
  return path;
}

absl::Status Export(Format format, const SavedWeights& saved, const fs::path& output,
                    std::vector<std::string>* notes) {
  switch (format) {
    case Format::kTimm:
      return ExportTimm(saved, output, notes);
    case Format::kHuggingface:
      return ExportTransformers(saved, output, notes);
    case Format::kOnnx:
      return ExportOnnx(saved, output, notes, {.with_preprocessing = FLAGS_with_preprocessing});
  }
  return absl::InternalError("not one of the formats");
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags(arguments));
  ASSIGN_OR_RETURN(const Format format, FormatOfFlag());
  RETURN_IF_ERROR(CheckPreprocessing(format));
  ASSIGN_OR_RETURN(const Weights weights, WeightsOfFlag());
  ASSIGN_OR_RETURN(const fs::path output, AsUsageError(Annotate(OutputPath(format), "--output")));
  ASSIGN_OR_RETURN(const fs::path found, FindModel(UserPath(FLAGS_checkpoint)));
  ASSIGN_OR_RETURN(const SavedWeights saved, ReadWeights(found, weights));
  std::vector<std::string> notes;
  RETURN_IF_ERROR(Annotate(Export(format, saved, output, &notes), found.string()));
  for (const std::string& note : notes) std::cout << note << std::endl;
  std::cout << output.string() << std::endl;
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
