#include "analysis/report.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/page/page.h"
#include "analysis/page/picture_data.h"
#include "analysis/page/run_data.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {

namespace fs = std::filesystem;

namespace {

// Runs of one name are called by the paths that were given.
void TellApart(absl::Span<const fs::path> run_dirs, Json* runs) {
  std::map<std::string, int> count;
  for (const Json& run : *runs) ++count[run["name"].get<std::string>()];
  for (size_t i = 0; i < run_dirs.size(); ++i) {
    Json& name = (*runs)[i]["name"];
    if (count[name.get<std::string>()] > 1) name = run_dirs[i].string();
  }
}

}  // namespace

absl::Status WriteReport(absl::Span<const fs::path> runs, const ReportOptions& options,
                         const fs::path& output) {
  Json data = {{"runs", Json::array()}};
  for (const fs::path& run_dir : runs) {
    ASSIGN_OR_RETURN(Json run, DescribeRun(run_dir));
    auto pictures = DescribePictures(run_dir, options.data_dir, options.device, options.on_bad);
    if (pictures.ok()) {
      run["images"] = *std::move(pictures);
    } else {
      LOG(WARNING) << run_dir.string()
                   << ": the report is without pictures: " << pictures.status().message();
      run["missing"] = absl::StrCat("Not shown: ", pictures.status().message());
    }
    data["runs"].push_back(std::move(run));
  }
  TellApart(runs, &data["runs"]);
  return WriteAtomically(output, Page(data));
}

}  // namespace vitrine
