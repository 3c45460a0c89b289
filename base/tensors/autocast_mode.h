// Functions of libtorch's ATen/autocast_mode.h, which includes every operator and takes 9 s to
// compile. They set how this thread casts the operands of products.
#ifndef BASE_TENSORS_AUTOCAST_MODE_H_
#define BASE_TENSORS_AUTOCAST_MODE_H_

#include "c10/core/DeviceType.h"
#include "c10/core/ScalarType.h"
#include "c10/macros/Export.h"

namespace at::autocast {

TORCH_API bool is_autocast_enabled(c10::DeviceType device_type);
TORCH_API void set_autocast_enabled(c10::DeviceType device_type, bool enabled);
TORCH_API c10::ScalarType get_autocast_dtype(c10::DeviceType device_type);
TORCH_API void set_autocast_dtype(c10::DeviceType device_type, c10::ScalarType dtype);
TORCH_API void clear_cache();
TORCH_API int increment_nesting();
TORCH_API int decrement_nesting();
TORCH_API bool is_autocast_cache_enabled();
TORCH_API void set_autocast_cache_enabled(bool enabled);

}  // namespace at::autocast

#endif  // BASE_TENSORS_AUTOCAST_MODE_H_
