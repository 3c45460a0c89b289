// What ProcessGroupGloo.hpp only points to.

#ifndef THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_TRANSPORT_DEVICE_H_
#define THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_TRANSPORT_DEVICE_H_

namespace gloo::transport {
class Device;
class UnboundBuffer;
}  // namespace gloo::transport

#endif  // THIRD_PARTY_TORCH_GLOO_NAMES_GLOO_TRANSPORT_DEVICE_H_
