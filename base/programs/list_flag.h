// Flags that hold several paths with commas between them.
//
//   ASSIGN_OR_RETURN(const auto runs, SplitListFlag("--run_dir", FLAGS_run_dir));

#ifndef BASE_PROGRAMS_LIST_FLAG_H_
#define BASE_PROGRAMS_LIST_FLAG_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// At least one path, as parts of `value`; a mistake in the flags (UsageError) if one is empty. A
// value that is the path of something (UserPath) is one, commas and all.
absl::StatusOr<std::vector<std::string_view>> SplitListFlag(std::string_view flag,
                                                            std::string_view value);

}  // namespace vitrine

#endif  // BASE_PROGRAMS_LIST_FLAG_H_
