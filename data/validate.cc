#include "data/validate.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/problems.h"

namespace vitrine {

std::vector<std::string> DataConfigProblems(const DataConfig& config) {
  Problems problems;
  problems.Check(config.batch_size() > 0,
                 absl::StrCat("data.batch_size: must be positive, is ", config.batch_size()));
  problems.NotNegative("data.minival_size", config.minival_size());
  for (const float mean : config.mean()) {
    problems.Check(std::isfinite(mean), absl::StrCat("data.mean: must be finite, is ", mean));
  }
  for (const float std : config.std()) {
    problems.Check(std::isfinite(std) && std > 0,
                   absl::StrCat("data.std: must be positive and finite, is ", std));
  }
  problems.Check(config.mean_size() == config.std_size(),
                 absl::StrCat("data.std: must have one number for each of data.mean's ",
                              config.mean_size(), ", has ", config.std_size()));
  return problems.Take();
}

}  // namespace vitrine
