// Whether all ranks mean the same: ranks with another config or other data would compute wrong
// numbers and no error.
//
//   RETURN_IF_ERROR(CheckSame(*group, {{"config", config_text}, {"program", version}}));

#ifndef BASE_PARALLEL_CHECK_SAME_H_
#define BASE_PARALLEL_CHECK_SAME_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "base/parallel/process_group.h"

namespace vitrine {

// FailedPrecondition, the same on every rank, if a rank has other values than rank 0, or other
// names; the message names the ranks and the names, and short values too.
absl::Status CheckSame(ProcessGroup& group, const std::map<std::string, std::string>& values);

}  // namespace vitrine

#endif  // BASE_PARALLEL_CHECK_SAME_H_
