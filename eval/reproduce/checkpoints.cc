#include "eval/reproduce/checkpoints.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "eval/result.pb.h"
#include "eval/result_file.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr char kPictures[] = "--count=16";  // the first of the test split

std::string Flag(const char* name, const fs::path& value) {
  return absl::StrCat("--", name, "=", value.string());
}

absl::Status MakeAverages(const PlannedRow& row, const ChildProgram& average,
                          const fs::path& run_dir) {
  for (const PlannedCheckpoint& checkpoint : row.checkpoints) {
    const fs::path output = run_dir / checkpoint.path;
    if (checkpoint.selection.empty() || Exists(output)) continue;
    RETURN_IF_ERROR(CreateFolder(output.parent_path()));
    Arguments arguments = checkpoint.selection;
    arguments.push_back(Flag("run_dir", run_dir));
    arguments.push_back(Flag("output", output));
    RETURN_IF_ERROR(average.Run(arguments));
  }
  return absl::OkStatus();
}

// What //eval leaves beside a checkpoint.
absl::StatusOr<MeasuredCheckpoint> Measured(const fs::path& checkpoint) {
  EvaluationResult of_test;
  of_test.set_weights("model");
  of_test.set_split("test");
  ASSIGN_OR_RETURN(const EvaluationResult result, ReadResult(ResultPath(checkpoint, of_test)));
  const auto count = static_cast<double>(result.count());
  return MeasuredCheckpoint{.loss = result.loss(),
                            .top1 = static_cast<double>(result.correct_top1()) / count,
                            .top5 = static_cast<double>(result.correct_top5()) / count};
}

}  // namespace

absl::StatusOr<std::vector<MeasuredCheckpoint>> MeasureCheckpoints(const PlannedRow& row,
                                                                   const Programs& programs,
                                                                   const fs::path& run_dir,
                                                                   const fs::path& data_dir) {
  std::vector<MeasuredCheckpoint> measured;
  if (row.checkpoints.empty()) return measured;
  RETURN_IF_ERROR(MakeAverages(row, programs.average, run_dir));

  std::vector<std::string> paths;
  for (const PlannedCheckpoint& checkpoint : row.checkpoints) {
    paths.push_back((run_dir / checkpoint.path).string());
  }
  const std::string data = Flag("data_dir", data_dir);
  RETURN_IF_ERROR(
      programs.evaluate.Run({absl::StrCat("--checkpoint=", absl::StrJoin(paths, ",")), data}));
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(measured.emplace_back(), Measured(path));
  }
  RETURN_IF_ERROR(programs.rollout.Run({absl::StrCat("--checkpoint=", paths.back()), kPictures,
                                        data, Flag("output_dir", run_dir / "rollout")}));
  return measured;
}

}  // namespace vitrine
