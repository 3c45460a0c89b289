// How long answers take: on random images, without data. tools/inference_speed compares it with
// other packages.
//
// Prints a line of JSON with its sizes. Then for each line of input, a number of passes, it takes
// them and prints {"milliseconds": [...], "peak_mib": ...}.

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/ops/empty.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/programs/memory.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "eval/precision_flags.h"
#include "eval/weights.h"
#include "gflags/gflags.h"
#include "train/checkpoint/open_model.h"
#include "vit/config.h"
#include "vit/inference_model.h"

DEFINE_string(checkpoint, "", "a checkpoint, a run, or weights of another package");
DEFINE_int32(batch, 1, "images at a time");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //eval:inference_speed -- --checkpoint=C [flags]\n"
    "Times the model on random images; reads how many passes from the standard input.";

at::Tensor RandomImages(const ModelConfig& config, at::Device device) {
  const at::Tensor images =
      at::empty({FLAGS_batch, config.channels(), config.image_size(), ImageWidth(config)});
  return images.normal_(0, 1, at::detail::createCPUGenerator(0)).to(device);
}

absl::Status CheckFlags(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_batch < 1) return UsageError("--batch: must be positive");
  return absl::OkStatus();
}

double Milliseconds(const InferenceModel& model, const at::Tensor& images) {
  const auto start = std::chrono::steady_clock::now();
  model.Forward(images).cpu();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags(arguments));
  ASSIGN_OR_RETURN(const at::ScalarType operands, PrecisionOfFlag());
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  KeepFreedMemory();
  ASSIGN_OR_RETURN(const auto path, FindModel(UserPath(FLAGS_checkpoint)));
  ASSIGN_OR_RETURN(const SavedWeights saved, ReadWeights(path, Weights::kModel));
  const ModelConfig& config = saved.manifest.config().model();
  ASSIGN_OR_RETURN(const VisionTransformer model, RestoreModel(config, saved.tensors, device));
  const InferenceModel inference(&model, operands);
  const at::Tensor images = RandomImages(config, device);
  std::cout << Json{{"batch", FLAGS_batch}, {"threads", DefaultThreads()}} << std::endl;
  for (int64_t passes; std::cin >> passes;) {
    std::vector<double> milliseconds;
    for (; passes > 0; --passes) milliseconds.push_back(Milliseconds(inference, images));
    std::cout << Json{{"milliseconds", milliseconds}} << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
