// Collects everything that is wrong with a config, so that its author hears of it all at once.
//
//   Problems problems;
//   problems.NotNegative("optimizer.clip_norm", config.clip_norm());
//   problems.InRange("model.depth", config.depth(), 1, 1000);
//   return problems.Take();

#ifndef BASE_PROBLEMS_H_
#define BASE_PROBLEMS_H_

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vitrine {

// One error that names them all, after `subject` if it is given; OK if there are none.
inline absl::Status ProblemsError(const std::vector<std::string>& problems,
                                  std::string_view subject = "") {
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(subject, subject.empty() ? "" : ": ", absl::StrJoin(problems, "; ")));
}

// Each problem is one line that begins with the field's name.
class Problems {
 public:
  void Check(bool good, std::string_view problem) {
    if (!good) list_.emplace_back(problem);
  }

  // Both ends are allowed; a value that is not a number is not.
  void InRange(std::string_view field, double value, double low, double high) {
    Check(value >= low && value <= high,
          absl::StrCat(field, ": must be from ", low, " to ", high, ", is ", value));
  }

  // For counts, intervals and strengths, of which 0 means none or never.
  void NotNegative(std::string_view field, double value) {
    const bool good = value >= 0 && std::isfinite(value);
    Check(good, absl::StrCat(field, ": must be 0 or more, is ", value));
  }

  void Append(const std::vector<std::string>& more) {
    list_.insert(list_.end(), more.begin(), more.end());
  }

  std::vector<std::string> Take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

}  // namespace vitrine

#endif  // BASE_PROBLEMS_H_
