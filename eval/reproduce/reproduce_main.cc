// Trains the reported steps again and puts what they measure beside what was reported.

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "base/files/file.h"
#include "base/files/folder_lock.h"
#include "base/programs/program.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"
#include "eval/reported.h"
#include "eval/reproduce/checkpoints.h"
#include "eval/reproduce/child_program.h"
#include "eval/reproduce/plan.h"
#include "eval/reproduce/preflight.h"
#include "eval/reproduce/report/json.h"
#include "eval/reproduce/report/markdown.h"
#include "eval/reproduce/reproduction.h"
#include "gflags/gflags.h"
#include "tools/cpp/runfiles/runfiles.h"

DEFINE_string(steps, "", "steps of the reported work, 1 to 7, with commas");
DEFINE_string(data_dir, "", "the parent of mnist/, cifar-10-batches-bin/ and imagenet-100/");
DEFINE_int32(seeds, 1, "runs of each row, with seeds from 0");
DEFINE_double(scale, 1, "the fraction of the iterations to run; what is scaled is not judged");
DEFINE_string(run_dir, "runs/reproduce", "the folder of the runs");
DEFINE_bool(resume, false, "go on with the runs in --run_dir; finished ones are not run again");
DEFINE_string(output, "", "reports go to this path and .md, .json; default <run_dir>/reproduction");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //eval:reproduce -- --steps=1,2,3 [flags]\n"
    "Trains and evaluates steps of the reported work, and prints reported beside measured. Exits 1 "
    "if a figure was not reproduced.";

// What a shell takes as it is.
constexpr char kPlainCharacters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./=,:";

// The programs that lie beside this one: by the path that Bazel gave them, or in a bundle
// (//tools:package) in its folder.
absl::StatusOr<Programs> FindPrograms(const std::string& self) {
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(self, &error));
  const fs::path folder = fs::path(self).parent_path();
  const auto find = [&](const std::string& label, const fs::path& path) {
    const fs::path of_bazel =
        runfiles == nullptr ? "" : runfiles->Rlocation("vitrine/" + path.string());
    return ChildProgram(label, Exists(of_bazel) ? of_bazel : folder / path.filename());
  };
  Programs programs = {.train = find("//train", "train/train"),
                       .evaluate = find("//eval", "eval/eval"),
                       .average = find("//eval:swa", "eval/swa"),
                       .rollout = find("//analysis:rollout", "analysis/rollout")};
  if (Exists(programs.train.path())) return programs;
  return absl::NotFoundError(
      "//train's program is not beside this one; start both by tools/bazel run //eval:reproduce");
}

absl::StatusOr<std::vector<PlannedRow>> Plan(const std::vector<std::string>& overrides,
                                             const ChildProgram& train) {
  ReproductionRequest request{FLAGS_steps, FLAGS_seeds, FLAGS_scale, overrides};
  ASSIGN_OR_RETURN(std::vector<PlannedRow> rows, PlanRows(ReportedWork(), request));
  RETURN_IF_ERROR(MarkUnavailable(train, &rows));
  return rows;
}

// Takes the folder for this process. One that holds anything is of an earlier reproduction.
absl::StatusOr<FolderLock> OpenRunDir(const fs::path& run_dir) {
  ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(run_dir));
  std::error_code error;
  if (FLAGS_resume || fs::is_empty(run_dir, error)) return lock;
  return absl::FailedPreconditionError(
      absl::StrCat(run_dir.string(),
                   ": not empty; go on with what is in it by --resume, or take another --run_dir"));
}

// What is ahead, since it may take hours.
void PrintPlan(const std::vector<PlannedRow>& rows, const fs::path& run_dir) {
  for (const PlannedRow& row : rows) {
    std::cout << "step " << row.step.number() << " (" << row.row.title() << "): "
              << (row.row.has_not_run()
                      ? "not run: " + row.row.not_run()
                      : absl::StrCat(row.runs.size(), " x ", row.iterations, " iterations",
                                     row.is_scaled ? ", scaled" : "",
                                     row.is_overridden ? ", overridden" : ""))
              << "\n";
  }
  std::cout << "runs: " << run_dir.string() << "; once interrupted, --resume goes on" << std::endl;
}

absl::Status Run(const std::string& self, const std::string& command,
                 const std::vector<std::string>& overrides) {
  OutliveConsole();
  ASSIGN_OR_RETURN(const Programs programs, FindPrograms(self));
  ASSIGN_OR_RETURN(std::vector<PlannedRow> rows, AsUsageError(Plan(overrides, programs.train)));
  const RunOptions options = {.data_dir = UserPath(FLAGS_data_dir),
                              .run_dir = UserPath(FLAGS_run_dir),
                              .resume = FLAGS_resume};
  RETURN_IF_ERROR(MarkWithoutData(options.data_dir, &rows));

  const fs::path output =
      FLAGS_output.empty() ? options.run_dir / "reproduction" : UserPath(FLAGS_output);
  ASSIGN_OR_RETURN(const FolderLock lock, OpenRunDir(options.run_dir));
  RETURN_IF_ERROR(CreateFolder(output.parent_path()));  // an error is better now than in hours
  PrintPlan(rows, options.run_dir);
  const std::string markdown = output.string() + ".md", json = output.string() + ".json";
  const auto write = [&](absl::Span<const RowResult> results) -> absl::Status {
    const std::string summary = MarkdownSummary(results, command);
    RETURN_IF_ERROR(WriteAtomically(markdown, summary + MarkdownDetails(results)));
    return WriteAtomically(json, ReproductionJson(results, command));
  };
  ASSIGN_OR_RETURN(const std::vector<RowResult> results, RunRows(rows, programs, options, write));
  std::cout << "\n"
            << MarkdownSummary(results, command) << "\n"
            << markdown << "\n"
            << json << std::endl;
  return CheckAllPassed(results);
}

// The arguments as a shell takes them.
std::string CommandLine(int argc, char** argv) {
  std::string command = "tools/bazel run //eval:reproduce --";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool is_plain = argument.find_first_not_of(kPlainCharacters) == argument.npos;
    absl::StrAppend(&command, " ",
                    is_plain
                        ? std::string(argument)
                        : absl::StrCat("'", absl::StrReplaceAll(argument, {{"'", "'\\''"}}), "'"));
  }
  return command;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  const std::string command = vitrine::CommandLine(argc, argv);
  return vitrine::RunProgram(argc, argv, vitrine::kUsage,
                             [&](const std::vector<std::string>& overrides) {
                               return vitrine::Run(argv[0], command, overrides);
                             });
}
