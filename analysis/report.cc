#include "analysis/report.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/page/page.h"
#include "analysis/page/picture_data.h"
#include "analysis/page/run_data.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace vitrine {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

absl::Status WriteReport(absl::Span<const fs::path> runs, const ReportOptions& options,
                         const fs::path& output) {
  Json data = {{"runs", Json::array()}};
  for (const fs::path& run_dir : runs) {
    ASSIGN_OR_RETURN(Json run, DescribeRun(run_dir));
    auto pictures = DescribePictures(run_dir, options.data_dir, options.device);
    if (pictures.ok()) {
      run["images"] = *std::move(pictures);
    } else {
      run["missing"] = absl::StrCat("Not shown: ", pictures.status().message());
    }
    data["runs"].push_back(std::move(run));
  }
  return WriteAtomically(output, Page(data));
}

}  // namespace vitrine
