// Evaluates checkpoints: loss, top-1 and top-5 accuracy over a whole split.

#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/device.h"
#include "base/file.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "data/split.h"
#include "eval/checkpoint_evaluation.h"
#include "gflags/gflags.h"
#include "nlohmann/json.hpp"

DEFINE_string(checkpoint, "", "checkpoints or runs (of a run the newest checkpoint), with commas");
DEFINE_string(weights, "model", "model, or ema for their moving average; swa is not available yet");
DEFINE_string(
    data_dir, "",
    "the data set's folder, or the parent of mnist/, cifar-10-batches-bin/ or imagenet-100/");
DEFINE_string(split, "test", "train, minival or test");
DEFINE_string(device, "auto", "auto, cpu or cuda");
DEFINE_string(torch_cuda_library, "",
              "libtorch_cuda.so of an installed PyTorch 2.11.0, for a program built without CUDA");
DEFINE_bool(json, false, "print JSON: an object, or an array for several checkpoints");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //eval -- --checkpoint=C[,C...] [flags]\n"
    "Prints loss, top-1 and top-5 accuracy over a whole split.";

absl::Status CheckFlags(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  return absl::OkStatus();
}

void PrintJson(const std::vector<CheckpointEvaluation>& results) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const CheckpointEvaluation& result : results) json.push_back(ToJson(result));
  std::cout << (results.size() == 1 ? json[0] : json).dump(2) << std::endl;
}

void PrintText(const std::vector<CheckpointEvaluation>& results) {
  for (const CheckpointEvaluation& result : results) {
    const Evaluation& e = result.evaluation;
    std::cout << absl::StrFormat("%s  %s  loss %.4f  top-1 %.4f (%d of %d)  top-5 %.4f\n",
                                 result.checkpoint.string(), SplitName(result.split), e.loss(),
                                 e.top1(), e.correct_top1, e.count, e.top5());
  }
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags(arguments));
  ASSIGN_OR_RETURN(const Split split, AsUsageError(ParseSplit(FLAGS_split)));
  ASSIGN_OR_RETURN(const Weights weights, AsUsageError(ParseWeights(FLAGS_weights)));
  ASSIGN_OR_RETURN(const at::Device device,
                   AsUsageError(FindDevice(FLAGS_device, UserPath(FLAGS_torch_cuda_library))));
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  const std::filesystem::path data_dir = UserPath(FLAGS_data_dir);
  std::vector<CheckpointEvaluation> results;
  for (const std::string_view path : absl::StrSplit(FLAGS_checkpoint, ',')) {
    ASSIGN_OR_RETURN(results.emplace_back(),
                     EvaluateCheckpoint(UserPath(path), weights, split, data_dir, device));
  }
  FLAGS_json ? PrintJson(results) : PrintText(results);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
