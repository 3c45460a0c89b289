// Our code never throws; libtorch and the standard library do. Where they may not pass, at a
// program's end or at a C interface, they become errors.

#ifndef BASE_PROGRAMS_EXCEPTIONS_H_
#define BASE_PROGRAMS_EXCEPTIONS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace vitrine {

// What `body` returns, or of what it throws ResourceExhausted, for memory and threads, or Internal.
absl::Status CatchExceptions(absl::FunctionRef<absl::Status()> body);

}  // namespace vitrine

#endif  // BASE_PROGRAMS_EXCEPTIONS_H_
