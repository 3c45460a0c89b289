// What processes must know of each other before they go on.

#ifndef BASE_PARALLEL_AGREEMENT_H_
#define BASE_PARALLEL_AGREEMENT_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/parallel/process_group.h"

namespace vitrine {

// What each process of the group has, by rank. If one has an error all get it, that of the lowest
// rank, which is named.
absl::StatusOr<std::vector<std::string>> GatherOrFail(ProcessGroup* group,
                                                      const absl::StatusOr<std::string>& own);

// The same where there is nothing to tell but that all is well.
absl::Status AgreeOn(ProcessGroup* group, const absl::Status& own);

// What rank 0 answers, or its error; the others are not asked.
absl::StatusOr<std::string> FromRankZero(ProcessGroup* group,
                                         absl::FunctionRef<absl::StatusOr<std::string>()> ask);

}  // namespace vitrine

#endif  // BASE_PARALLEL_AGREEMENT_H_
