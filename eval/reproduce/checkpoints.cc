#include "eval/reproduce/checkpoints.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "eval/result.pb.h"
#include "google/protobuf/text_format.h"

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

// Reads what //eval leaves beside a checkpoint.
absl::StatusOr<MeasuredCheckpoint> ReadResult(const fs::path& checkpoint) {
  const std::string path = checkpoint.string() + ".model.test.textproto";
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  EvaluationResult result;
  if (!google::protobuf::TextFormat::ParseFromString(text, &result) || result.count() <= 0) {
    return absl::DataLossError(absl::StrCat(path, ": is not the result of an evaluation"));
  }
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
    ASSIGN_OR_RETURN(measured.emplace_back(), ReadResult(path));
  }
  RETURN_IF_ERROR(programs.rollout.Run({absl::StrCat("--checkpoint=", paths.back()), kPictures,
                                        data, Flag("output_dir", run_dir / "rollout")}));
  return measured;
}

}  // namespace vitrine
