// Writes what a model makes of image files: their embeddings.

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "data/batches/bad_images.h"
#include "data/batches/loader.h"
#include "data/source/file_list.h"
#include "data/source/file_source.h"
#include "eval/classifier.h"
#include "eval/data_arguments.h"
#include "eval/embedding.h"
#include "eval/embedding_file.h"
#include "eval/evaluator.h"
#include "eval/precision_flags.h"
#include "eval/readout_flags.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "vit/readout.h"

DEFINE_string(checkpoint, "", "a checkpoint, or a run, whose newest checkpoint is taken");
DEFINE_string(images, "", "JPEG or PNG files, or folders of them, with commas");
DEFINE_string(output, "",
              "the file to write: F.npy, with the names of the images in F.txt, or F.safetensors, "
              "with them in its metadata");
DEFINE_int32(batch_size, 32, "images that the model takes at once");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:embed -- --checkpoint=C --images=F[,F...] --output=O [flags] "
    "[data.on_bad_image=SKIP]\n"
    "Writes a row of numbers for each image file, in the order of the files. SKIP leaves out those "
    "that can't be read.";

absl::Status CheckFlags() {
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_images.empty()) return UsageError("--images: name image files or folders of them");
  if (FLAGS_output.empty()) return UsageError("--output: name the file to write");
  if (FLAGS_batch_size < 1) return UsageError("--batch_size: must be positive");
  return absl::OkStatus();
}

LoaderSpec SpecOf(const Classifier& classifier, OnBadImage on_bad) {
  LoaderSpec spec = classifier.FileSpec();
  if (on_bad) spec.config.set_on_bad_image(*on_bad);
  return spec;
}

absl::Status Embed(const Classifier& classifier, const Readout& readout, const LoaderSpec& spec,
                   const std::shared_ptr<const FileSource>& source, EmbeddingFile* file) {
  ASSIGN_OR_RETURN(const auto loader, Loader::ForEvaluation(source, spec, FLAGS_batch_size));
  RETURN_IF_ERROR(ForEachEmbedding(
      classifier.inference(), readout, *source, loader.get(),
      [&](const EmbeddedBatch& batch) { return file->Append(batch.rows, batch.indices); }));
  const int64_t rows = file->sizes().empty() ? 0 : file->sizes()[0];
  RETURN_IF_ERROR(TellLeftOut(loader->bad_images(), rows));
  WarnOfDamagedImages(loader->damaged_images());
  return file->Commit();
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
  ASSIGN_OR_RETURN(const Readout readout, ReadoutOfFlags(classifier.model().config()));
  ASSIGN_OR_RETURN(std::vector<fs::path> files, ListImageFiles("--images", FLAGS_images));
  std::vector<std::string> names;
  for (const fs::path& path : files) names.push_back(path.string());
  const fs::path output = UserPath(FLAGS_output);
  ASSIGN_OR_RETURN(EmbeddingFile file,
                   AsUsageError(EmbeddingFile::Create(output, std::move(names))));
  const auto source = std::make_shared<const FileSource>(std::move(files));
  RETURN_IF_ERROR(Embed(classifier, readout, SpecOf(classifier, on_bad), source, &file));
  std::cout << output.string() << ": " << absl::StrJoin(file.sizes(), " x ") << std::endl;
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
