#ifndef GLOO_CONTEXT_H_
#define GLOO_CONTEXT_H_

#include <chrono>
#include <memory>

namespace gloo {
namespace transport {

class Device;
class UnboundBuffer;

}  // namespace transport

// A name to point to: no object of it is made or called outside libtorch.
class Context {
 public:
  Context() = delete;
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo

#endif  // GLOO_CONTEXT_H_
