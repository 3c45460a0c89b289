#include "base/programs/list_flag.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"
#include "base/programs/program.h"

namespace vitrine {

absl::StatusOr<std::vector<std::string_view>> SplitListFlag(std::string_view flag,
                                                            std::string_view value) {
  if (Exists(UserPath(value))) return std::vector<std::string_view>{value};
  std::vector<std::string_view> names = absl::StrSplit(value, ',');
  if (std::find(names.begin(), names.end(), "") == names.end()) return names;
  return UsageError(
      absl::StrCat(flag, ": an empty name in '", value, "'; put commas between paths alone"));
}

}  // namespace vitrine
