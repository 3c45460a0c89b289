#include "eval/data_arguments.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/programs/program.h"

namespace vitrine {

absl::StatusOr<OnBadImage> ParseDataArguments(const std::vector<std::string>& arguments) {
  OnBadImage on_bad;
  for (const std::string& argument : arguments) {
    std::string_view value = argument;
    DataConfig::OnBadImage parsed;
    if (!absl::ConsumePrefix(&value, "data.on_bad_image=") ||
        !DataConfig::OnBadImage_Parse(std::string(value), &parsed)) {
      return UsageError(absl::StrCat("unexpected argument '", argument,
                                     "'; beside flags only data.on_bad_image=SKIP or "
                                     "data.on_bad_image=FAIL may be given, see --help"));
    }
    on_bad = parsed;
  }
  return on_bad;
}

}  // namespace vitrine
