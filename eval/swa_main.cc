// Averages checkpoints of a run.

#include <algorithm>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/programs/list_flag.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "data/split.h"
#include "eval/average.h"
#include "eval/checkpoint_evaluation.h"
#include "eval/data_arguments.h"
#include "eval/reported.h"
#include "gflags/gflags.h"
#include "train/checkpoint/checkpoint.h"

DEFINE_string(run_dir, "", "the run whose checkpoints are averaged");
DEFINE_int64(first, -1, "averages those of at least so many iterations");
DEFINE_int64(last, -1, "and of fewer than so many");
DEFINE_int32(count, 0, "averages the last so many");
DEFINE_string(checkpoints, "", "averages these, folders or iterations of --run_dir, with commas");
DEFINE_string(preset, "",
              "averages what step 7 was reported with: 280k-330k, 250k-350k, 280k-last, last-5");
DEFINE_string(output, "", "the checkpoint to write");
DEFINE_bool(greedy, false,
            "of these takes, from best to worst, those that make the average no worse on minival");
DEFINE_string(selection_split, "minival",
              "the split that --greedy selects on; selecting on test is marked in the checkpoint");
DEFINE_string(data_dir, "", "for --greedy: the data set's folder, as for //train");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:swa -- --run_dir=R (--first=N --last=M | --count=K | --checkpoints=C,C | "
    "--preset=P) --output=C [flags] [data.on_bad_image=SKIP]\n"
    "Averages the weights of checkpoints into one that //eval and --init_from take.";

bool IsGiven(const char* flag) { return !gflags::GetCommandLineFlagInfoOrDie(flag).is_default; }

absl::Status CheckFlags() {
  if (FLAGS_output.empty()) return UsageError("--output: name the checkpoint to write");
  const bool has_range = FLAGS_first >= 0 || FLAGS_last >= 0;
  const int ways = static_cast<int>(has_range) + static_cast<int>(FLAGS_count != 0) +
                   static_cast<int>(!FLAGS_checkpoints.empty()) +
                   static_cast<int>(!FLAGS_preset.empty());
  if (ways != 1) {
    return UsageError("give one of --first and --last, --count, --checkpoints, --preset");
  }
  if (FLAGS_count < 0) return UsageError("--count: must be positive");
  if (!FLAGS_greedy && (IsGiven("selection_split") || IsGiven("data_dir"))) {
    return UsageError("--selection_split, --data_dir: are for --greedy");
  }
  if (FLAGS_run_dir.empty() && FLAGS_checkpoints.empty()) {
    return UsageError("--run_dir: name the run whose checkpoints are averaged");
  }
  return absl::OkStatus();
}

// All that the report averaged, or nothing: of fewer it is another average.
absl::StatusOr<Paths> OfAverage(const Paths& checkpoints, const ReportedAverage& average) {
  if (!average.has_end()) return LastOf(checkpoints, average.checkpoints());
  ASSIGN_OR_RETURN(Paths chosen, InRange(checkpoints, average.first(), average.end()));
  if (chosen.size() == static_cast<size_t>(average.checkpoints())) return chosen;
  return absl::NotFoundError(absl::StrCat(
      "--preset=", average.preset(), ": averages ", average.checkpoints(), " checkpoints in [",
      average.first(), ", ", average.end(), "), there are ", chosen.size()));
}

absl::StatusOr<Paths> OfPreset(const Paths& checkpoints) {
  std::vector<std::string> names;
  for (const ReportedStep& step : ReportedWork().steps()) {
    for (const ReportedAverage& average : step.averages()) {
      if (average.preset() == FLAGS_preset) return OfAverage(checkpoints, average);
      names.push_back(average.preset());
    }
  }
  return UsageError(absl::StrCat("--preset: must be one of ", absl::StrJoin(names, ", "), ", not '",
                                 FLAGS_preset, "'"));
}

absl::StatusOr<Paths> Listed() {
  ASSIGN_OR_RETURN(const auto names, SplitListFlag("--checkpoints", FLAGS_checkpoints));
  Paths paths;
  for (const std::string_view name : names) {
    int64_t iteration;
    const fs::path path = !FLAGS_run_dir.empty() && absl::SimpleAtoi(name, &iteration)
                              ? UserPath(FLAGS_run_dir) / "checkpoints" / CheckpointName(iteration)
                              : UserPath(name).lexically_normal();
    if (std::find(paths.begin(), paths.end(), path) != paths.end()) {
      return UsageError(absl::StrCat("--checkpoints: ", path.string(), " is named twice"));
    }
    paths.push_back(path);
  }
  return paths;
}

absl::StatusOr<Paths> Select() {
  if (!FLAGS_checkpoints.empty()) return Listed();
  const fs::path folder = UserPath(FLAGS_run_dir) / "checkpoints";
  ASSIGN_OR_RETURN(const Paths checkpoints, ListCheckpoints(folder));
  if (checkpoints.empty()) {
    return absl::NotFoundError(absl::StrCat(folder.string(), ": no checkpoint of a run"));
  }
  if (!FLAGS_preset.empty()) return OfPreset(checkpoints);
  if (FLAGS_count > 0) return LastOf(checkpoints, FLAGS_count);
  return InRange(checkpoints, std::max<int64_t>(FLAGS_first, 0),
                 FLAGS_last < 0 ? std::numeric_limits<int64_t>::max() : FLAGS_last);
}

absl::StatusOr<Paths> SelectGreedily(const Paths& paths, Split split, OnBadImage on_bad) {
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  ASSIGN_OR_RETURN(const Checkpoint first, ReadModelOnly(paths[0]));
  ASSIGN_OR_RETURN(
      const EvaluationData data,
      EvaluationData::Load(first.manifest, split, UserPath(FLAGS_data_dir), device, on_bad));
  return ChooseSoup(
      paths, [&](const TensorMap& weights) { return data.Evaluate(weights, /*flips=*/false); });
}

absl::StatusOr<fs::path> OutputPath() {
  const fs::path path = WithName(UserPath(FLAGS_output));
  const std::string name = absl::StrCat("--output: ", path.string());
  if (Exists(path)) {
    return UsageError(absl::StrCat(name, " is there already; remove it or name another"));
  }
  if (path.parent_path().filename() == "checkpoints") {
    return UsageError(absl::StrCat(name,
                                   " would pass for a checkpoint of the run; name a folder "
                                   "that is not in checkpoints/"));
  }
  return path;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  ASSIGN_OR_RETURN(const Split split,
                   AsUsageError(Annotate(ParseSplit(FLAGS_selection_split), "--selection_split")));
  ASSIGN_OR_RETURN(const fs::path output, OutputPath());
  ASSIGN_OR_RETURN(Paths paths, Select());
  if (FLAGS_greedy) {
    ASSIGN_OR_RETURN(paths, SelectGreedily(paths, split, on_bad));
  }
  ASSIGN_OR_RETURN(Checkpoint average, AverageCheckpoints(paths));
  CheckpointManifest::AverageOf& made_of = *average.manifest.mutable_average_of();
  if (FLAGS_greedy) made_of.set_selection_split(std::string(SplitName(split)));
  RETURN_IF_ERROR(WriteCheckpointAs(output, average));
  std::cout << output.string() << ": the mean of " << paths.size()
            << (paths.size() == 1 ? " checkpoint, " : " checkpoints, ")
            << absl::StrJoin(made_of.iterations(), ", ") << std::endl;
  if (FLAGS_greedy && split == Split::kTest) {
    std::cout << "selected on the test split: its test accuracy is no estimate any more"
              << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
