#include "data/sets/find_folder.h"

#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace vitrine {

namespace fs = std::filesystem;

absl::StatusOr<fs::path> FindPlainOrGzip(const fs::path& folder,
                                         const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path candidate = folder / (name + ending);
      std::error_code error;
      const fs::file_type type = fs::status(candidate, error).type();
      if (type != fs::file_type::not_found && type != fs::file_type::directory) return candidate;
    }
  }
  return absl::NotFoundError(absl::StrCat(folder.string(), ": holds neither ", names.front(),
                                          " nor ", names.front(), ".gz"));
}

absl::StatusOr<fs::path> FindFolder(const fs::path& data_dir, const std::string& own_folder,
                                    const std::vector<std::string>& markers) {
  if (data_dir.empty()) return absl::NotFoundError("no --data_dir is given");
  for (const fs::path& folder : {data_dir / own_folder, data_dir}) {
    if (FindPlainOrGzip(folder, markers).ok()) return folder;
  }
  return absl::NotFoundError(absl::StrCat(data_dir.string(), ": there is no ", markers.front(),
                                          " in it nor in its folder ", own_folder));
}

}  // namespace vitrine
