// The processes that do one piece of work together.

#ifndef BASE_PARALLEL_PROCESS_GROUP_H_
#define BASE_PARALLEL_PROCESS_GROUP_H_

#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual absl::Status SumInTree(const at::Tensor& flat) = 0;
  virtual absl::Status Broadcast(const at::Tensor& tensor, int root) = 0;
  virtual absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) = 0;
};

}  // namespace vitrine

#endif  // BASE_PARALLEL_PROCESS_GROUP_H_
