// The report of runs: one HTML file to look at and to send, whose pictures and curves open without
// a network.
//
//   RETURN_IF_ERROR(WriteReport({"runs/a", "runs/b"}, {.data_dir = "DIR"}, "report.html"));

#ifndef ANALYSIS_REPORT_H_
#define ANALYSIS_REPORT_H_

#include <filesystem>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "c10/core/Device.h"
#include "eval/data_arguments.h"

namespace vitrine {

struct ReportOptions {
  std::filesystem::path data_dir;  // empty: not given
  at::Device device = at::kCPU;
  OnBadImage on_bad = {};
};

// Runs may have ended or not. What needs data that is not there, or a checkpoint before there is
// one, is left out; the page says why, and so does a warning. Runs of one name are called by their
// paths. Errors are those of DescribeRun and of writing.
absl::Status WriteReport(absl::Span<const std::filesystem::path> runs, const ReportOptions& options,
                         const std::filesystem::path& output);

}  // namespace vitrine

#endif  // ANALYSIS_REPORT_H_
