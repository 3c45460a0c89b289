// What programs that read a checkpoint's data take behind their flags: `data.on_bad_image=SKIP`, as
// //train does. All other fields of the config are the checkpoint's.

#ifndef EVAL_DATA_ARGUMENTS_H_
#define EVAL_DATA_ARGUMENTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.pb.h"

namespace vitrine {

// What to do about images that can't be read; nullopt: what the run did.
using OnBadImage = std::optional<DataConfig::OnBadImage>;

// Other arguments are a mistake in the flags (UsageError).
absl::StatusOr<OnBadImage> ParseDataArguments(const std::vector<std::string>& arguments);

}  // namespace vitrine

#endif  // EVAL_DATA_ARGUMENTS_H_
