// What ProcessGroupGloo.hpp needs of Gloo, whose headers no wheel has: names to point to. No object
// of these types is made or copied outside libtorch_cpu.so, which holds Gloo itself.

#ifndef THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_CONTEXT_H_
#define THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_CONTEXT_H_

#include <chrono>

namespace gloo {

class Context {
 public:
  Context() = delete;
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo

#endif  // THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_CONTEXT_H_
