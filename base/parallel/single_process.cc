#include "base/parallel/single_process.h"

namespace vitrine {
namespace {

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

}  // namespace

ProcessGroup* Alone() {
  static SingleProcess alone;
  return &alone;
}

}  // namespace vitrine
