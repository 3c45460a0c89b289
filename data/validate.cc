#include "data/validate.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/problems.h"
#include "data/transform/validate.h"

namespace vitrine {

std::vector<std::string> DataConfigProblems(const DataConfig& config) {
  Problems problems;
  problems.Check(config.batch_size() > 0,
                 absl::StrCat("data.batch_size: must be positive, is ", config.batch_size()));
  problems.NotNegative("data.minival_size", config.minival_size());
  problems.NotNegative("data.test_size", config.test_size());
  problems.Check((config.image_column().empty() && config.label_column().empty()) ||
                     MayGiveValidation(config.source()),
                 "data.image_column, data.label_column: are for PARQUET; leave them out");
  problems.Check(config.subset().empty() || config.source() == DataConfig::EMNIST,
                 "data.subset: is for EMNIST; leave it out");
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
  problems.Check(config.mean_size() == 0 || !config.has_normalization() ||
                     config.normalization() == DataConfig::HALF,
                 "data.normalization: would do the same as data.mean and data.std; leave one out");
  problems.InRange("data.loader_threads", config.loader_threads(), 0, 256);
  problems.InRange("data.mix.mixup_alpha", config.mix().mixup_alpha(), 0, 1000);
  problems.InRange("data.mix.cutmix_alpha", config.mix().cutmix_alpha(), 0, 1000);
  problems.InRange("data.mix.switch_probability", config.mix().switch_probability(), 0, 1);
  problems.InRange("data.mix.probability", config.mix().probability(), 0, 1);
  problems.Append(TransformProblems("data.train_transforms", config.train_transforms()));
  problems.Append(TransformProblems("data.evaluation_transforms", config.evaluation_transforms()));
  return problems.Take();
}

bool MayGiveValidation(DataConfig::Source source) {
  switch (source) {
    case DataConfig::IMAGENET100:
    case DataConfig::IMAGE_FOLDER:
    case DataConfig::PARQUET:
    case DataConfig::PACKED:
      return true;
    default:
      return false;
  }
}

}  // namespace vitrine
