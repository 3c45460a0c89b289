// Makes a checkpoint of another package's weights. vit/import/README.md says of which.

#include <iostream>
#include <string>
#include <vector>

#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "train/checkpoint/checkpoint.h"
#include "train/checkpoint/import_checkpoint.h"
#include "train/settings/config.h"

DEFINE_string(weights, "",
              "a safetensors file, or a folder of transformers or timm with one and config.json");
DEFINE_string(output, "", "the checkpoint's folder, which is not there yet");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //train:import -- --weights=FILE_OR_FOLDER --output=CHECKPOINT [field.path=value "
    "...]\n"
    "Makes a checkpoint of a Vision Transformer of timm, transformers, torchvision or vit-pytorch; "
    "field.path=value gives what the files do not say, as in model.heads=12.";

absl::Status Run(const std::vector<std::string>& overrides) {
  if (FLAGS_weights.empty()) return UsageError("--weights: needs a file or folder");
  if (FLAGS_output.empty()) return UsageError("--output: needs a name for the checkpoint");
  const std::filesystem::path output = UserPath(FLAGS_output);
  if (Exists(output)) {
    return UsageError("--output: " + output.string() + " is there already; take another name");
  }
  ExperimentConfig given;
  RETURN_IF_ERROR(AsUsageError(ApplyOverrides(overrides, &given)));
  ASSIGN_OR_RETURN(const ImportedCheckpoint imported,
                   ImportCheckpoint(UserPath(FLAGS_weights), given));
  for (const std::string& note : imported.notes) std::cout << note << std::endl;
  std::cout << imported.checkpoint.manifest.config().DebugString();
  RETURN_IF_ERROR(WriteCheckpointAs(output, imported.checkpoint));
  std::cout << output.string() << std::endl;
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
