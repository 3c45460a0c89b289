// The processes that do one piece of work together, and what they tell each other.

#ifndef BASE_PARALLEL_PROCESS_GROUP_H_
#define BASE_PARALLEL_PROCESS_GROUP_H_

#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

// Every process makes the same calls in the same order; each returns once the others have done
// their part. An error names the rank that does not answer; after it the group is of no more use.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;  // of this process, from 0
  virtual int size() const = 0;

  // Adds the float32 numbers of all processes, of the same count everywhere, in place. The order of
  // the additions is that of a binary tree over the ranks (AddInTree), whatever way the numbers
  // take, so that all get the same bits.
  virtual absl::Status SumInTree(const at::Tensor& numbers) = 0;

  // Overwrites the tensor, contiguous and in the host's memory, with that of the root.
  virtual absl::Status Broadcast(const at::Tensor& tensor, int root) = 0;

  // What each process has, by rank; of any lengths.
  virtual absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) = 0;
};

}  // namespace vitrine

#endif  // BASE_PARALLEL_PROCESS_GROUP_H_
