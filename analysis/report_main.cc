// Writes the report of one or more runs.

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/report.h"
#include "base/files/file.h"
#include "base/programs/list_flag.h"
#include "base/programs/program.h"
#include "base/programs/threads.h"
#include "base/status_macros.h"
#include "base/tensors/device_flags.h"
#include "eval/data_arguments.h"
#include "gflags/gflags.h"

DEFINE_string(run_dir, "", "the folder of a run, or several with commas");
DEFINE_string(data_dir, "", "the data set's folder, as for //train, for the pictures");
DEFINE_string(output, "",
              "the file to write; default <run>/report.html, of several\n"
              "<the first run>/comparison.html");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "bazel run //analysis:report -- --run_dir=R[,R...] [--data_dir=D] [flags] "
    "[data.on_bad_image=SKIP]\n"
    "Writes one HTML file: results, curves, pictures and what the model looks at in them.";

absl::Status Run(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const OnBadImage on_bad, ParseDataArguments(arguments));
  if (FLAGS_run_dir.empty()) return UsageError("--run_dir: name the folder of a run");
  std::vector<fs::path> runs;
  ASSIGN_OR_RETURN(const auto names, SplitListFlag("--run_dir", FLAGS_run_dir));
  for (const std::string_view run : names) runs.push_back(UserPath(run));
  ASSIGN_OR_RETURN(const at::Device device, DeviceOfFlags());
  RETURN_IF_ERROR(SetThreads(DefaultThreads()));
  const char* const default_name = runs.size() == 1 ? "report.html" : "comparison.html";
  const fs::path output =
      FLAGS_output.empty() ? runs.front() / default_name : UserPath(FLAGS_output);
  if (output.has_parent_path()) RETURN_IF_ERROR(CreateFolder(output.parent_path()));
  const ReportOptions options = {
      .data_dir = UserPath(FLAGS_data_dir), .device = device, .on_bad = on_bad};
  RETURN_IF_ERROR(WriteReport(runs, options, output));
  std::cout << output.string() << std::endl;
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
