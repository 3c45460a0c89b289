// Evaluates checkpoints: loss, top-1 and top-5 accuracy over a whole split.

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/one_line.h"
#include "base/parallel/process_flags.h"
#include "base/parallel/process_group.h"
#include "base/programs/list_flag.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "data/split.h"
#include "eval/checkpoint_evaluation.h"
#include "eval/data_arguments.h"
#include "eval/precision_flags.h"
#include "eval/result_file.h"
#include "eval/weights_flags.h"
#include "gflags/gflags.h"
#include "glog/logging.h"

DEFINE_string(checkpoint, "", "checkpoints or runs (of a run the newest checkpoint), with commas");
DEFINE_string(
    data_dir, "",
    "the data set's folder, or the parent of mnist/, cifar-10-batches-bin/ or imagenet-100/");
DEFINE_string(split, "test", "train, minival or test");
DEFINE_bool(flips, false, "scores are means of those of an image and of its mirror image");
DEFINE_int32(loader_threads, 0, "threads that read and decode; 0: as in training");
DEFINE_bool(details, false, "print the accuracy of each class and what it is taken for too");
DEFINE_bool(json, false, "print JSON: an object, or an array for several checkpoints");

namespace vitrine {
namespace {

constexpr char kUsage[] =
    "bazel run //eval -- --checkpoint=C[,C...] [flags] [data.on_bad_image=SKIP]\n"
    "Prints loss, top-1 and top-5 accuracy over a whole split. SKIP leaves out images that can't "
    "be "
    "read.";

absl::Status CheckFlags() {
  if (FLAGS_checkpoint.empty()) return UsageError("--checkpoint: name a checkpoint or a run");
  if (FLAGS_loader_threads < 0) return UsageError("--loader_threads: must not be negative");
  return absl::OkStatus();
}

void PrintJson(const std::vector<CheckpointEvaluation>& results) {
  Json json = Json::array();
  for (const CheckpointEvaluation& result : results) json.push_back(ToJson(result));
  std::cout << PrettyJson(results.size() == 1 ? json[0] : json) << std::endl;
}

// Of equals the first class.
EvaluationResult::Class::Mistake MostFrequent(const EvaluationResult::Class& row) {
  EvaluationResult::Class::Mistake most;
  for (const auto& mistake : row.mistakes()) {
    if (mistake.count() > most.count()) most = mistake;
  }
  return most;
}

void PrintClasses(const EvaluationResult& result) {
  for (const EvaluationResult::Class& row : result.classes()) {
    std::cout << absl::StrFormat(
        "  %-24s %.4f (%d of %d)", OneLine(row.name()),
        row.count() == 0 ? 0 : static_cast<double>(row.correct()) / row.count(), row.correct(),
        row.count());
    if (const auto mistake = MostFrequent(row); mistake.count() > 0) {
      std::cout << absl::StrFormat("  %d taken for %s", mistake.count(),
                                   OneLine(result.classes(mistake.taken_for()).name()));
    }
    std::cout << "\n";
  }
}

void PrintText(const std::vector<CheckpointEvaluation>& results) {
  for (const CheckpointEvaluation& evaluation : results) {
    const EvaluationResult& r = evaluation.result;
    const auto count = static_cast<double>(r.count());
    std::cout << absl::StrFormat(
        "%s  %s %s  loss %.4f  top-1 %.4f (%d of %d)  top-5 %.4f  calibration error %.4f%s%s\n",
        evaluation.checkpoint.string(), r.weights(), r.split(), r.loss(), r.correct_top1() / count,
        r.correct_top1(), r.count(), r.correct_top5() / count, r.expected_calibration_error(),
        r.left_out() > 0 ? absl::StrCat("  (without ", r.left_out(), " that can't be read)") : "",
        WasSelectedOn(r) ? "  (selected on this split: no estimate)" : "");
    if (FLAGS_details) PrintClasses(r);
  }
}

// A run that may only be read can be evaluated too.
void WarnIfError(const absl::Status& written) {
  if (!written.ok()) LOG(WARNING) << "the result is not kept: " << written.message();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  if (StartsProcesses()) return RunProcesses();
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  ASSIGN_OR_RETURN(const auto checkpoints, SplitListFlag("--checkpoint", FLAGS_checkpoint));
  EvaluationOptions options = {.data_dir = UserPath(FLAGS_data_dir),
                               .flips = FLAGS_flips,
                               .loader_threads = FLAGS_loader_threads,
                               .on_bad = on_bad};
  ASSIGN_OR_RETURN(options.split, AsUsageError(Annotate(ParseSplit(FLAGS_split), "--split")));
  ASSIGN_OR_RETURN(options.weights, WeightsOfFlag());
  ASSIGN_OR_RETURN(options.operands, PrecisionOfFlag());
  ASSIGN_OR_RETURN(const std::unique_ptr<ProcessGroup> group, JoinProcesses(arguments));
  ASSIGN_OR_RETURN(options.device, DeviceOfFlags());
  options.group = group.get();
  RETURN_IF_ERROR(SetThreads(std::max(1, DefaultThreads() / group->size())));
  std::vector<CheckpointEvaluation> results;
  for (const std::string_view path : checkpoints) {
    ASSIGN_OR_RETURN(results.emplace_back(), EvaluateCheckpoint(UserPath(path), options));
    if (group->rank() > 0) continue;
    WarnIfError(WriteResult(results.back().checkpoint, results.back().result));
  }
  FLAGS_json ? PrintJson(results) : PrintText(results);
  // All results are of the same images, but of copies with other transforms perhaps.
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
