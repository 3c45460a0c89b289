// A group of one.

#ifndef BASE_PARALLEL_SINGLE_PROCESS_H_
#define BASE_PARALLEL_SINGLE_PROCESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/parallel/process_group.h"

namespace vitrine {

// Its operations have nothing to do.
class SingleProcess final : public ProcessGroup {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  absl::Status SumInTree(const at::Tensor&) override { return absl::OkStatus(); }
  absl::Status Broadcast(const at::Tensor&, int) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<std::string>> AllGather(std::string_view bytes) override {
    return std::vector{std::string(bytes)};
  }
};

// That of this process, for ever.
ProcessGroup* Alone();

}  // namespace vitrine

#endif  // BASE_PARALLEL_SINGLE_PROCESS_H_
