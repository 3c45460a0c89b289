#include "data/sets/find_folder.h"

#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace vitrine {

namespace fs = std::filesystem;

absl::StatusOr<fs::path> FindPlainOrGzip(const fs::path& path) {
  for (const char* ending : {"", ".gz"}) {
    const fs::path candidate = path.string() + ending;
    std::error_code error;
    if (fs::status(candidate, error).type() != fs::file_type::not_found) return candidate;
  }
  const std::string name = path.filename().string();
  return absl::NotFoundError(
      absl::StrCat(path.parent_path().string(), ": holds neither ", name, " nor ", name, ".gz"));
}

absl::StatusOr<fs::path> FindFolder(const fs::path& data_dir, const std::string& own_folder,
                                    const std::string& marker) {
  if (data_dir.empty()) return absl::NotFoundError("no --data_dir is given");
  for (const fs::path& folder : {data_dir / own_folder, data_dir}) {
    if (FindPlainOrGzip(folder / marker).ok()) return folder;
  }
  return absl::NotFoundError(absl::StrCat(data_dir.string(), ": there is no ", marker,
                                          " in it nor in its folder ", own_folder));
}

}  // namespace vitrine
