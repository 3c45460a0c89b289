#include "data/validate.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace vitrine {

std::vector<std::string> DataConfigProblems(const DataConfig& config) {
  std::vector<std::string> problems;
  if (config.batch_size() < 1) {
    problems.push_back(absl::StrCat("data.batch_size: must be positive, is ", config.batch_size()));
  }
  if (config.minival_size() < 0) {
    problems.push_back(
        absl::StrCat("data.minival_size: must not be negative, is ", config.minival_size()));
  }
  for (const float mean : config.mean()) {
    if (!std::isfinite(mean)) {
      problems.push_back(absl::StrCat("data.mean: must be finite, is ", mean));
    }
  }
  for (const float std : config.std()) {
    if (!std::isfinite(std) || std <= 0) {
      problems.push_back(absl::StrCat("data.std: must be positive and finite, is ", std));
    }
  }
  if (config.mean_size() != config.std_size()) {
    problems.push_back(absl::StrCat("data.std: must have one number for each of data.mean's ",
                                    config.mean_size(), ", has ", config.std_size()));
  }
  return problems;
}

}  // namespace vitrine
