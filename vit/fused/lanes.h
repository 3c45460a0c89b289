#ifndef VIT_FUSED_LANES_H_
#define VIT_FUSED_LANES_H_

#include <cstdint>

namespace vitrine::fused {

// Numbers of float32 that our own loops take at a time (lane_operations.h).
inline constexpr int64_t kLanes = 16;

}  // namespace vitrine::fused

#endif  // VIT_FUSED_LANES_H_
