#include "base/programs/exceptions.h"

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/match.h"

namespace vitrine {
namespace {

// What c10 throws has a stack trace after its first line.
std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

absl::Status CatchExceptions(absl::FunctionRef<absl::Status()> body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) {
      return absl::InternalError(error.what());
    }
    return absl::ResourceExhaustedError(
        "no more threads can be started; raise `ulimit -u`, or a container's limit of processes");
  } catch (const std::exception& error) {
    const std::string message = FirstLine(error.what());
    // libtorch's own error has no type.
    if (absl::StrContains(message, "DefaultCPUAllocator: can't allocate memory")) {
      return absl::ResourceExhaustedError("out of memory");
    }
    return absl::InternalError(message);
  } catch (...) {
    return absl::InternalError("an exception that is no std::exception");
  }
}

}  // namespace vitrine
