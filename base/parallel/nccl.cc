#include "base/parallel/nccl.h"

#include <dlfcn.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

template <typename Function>
absl::Status Find(void* library, const std::string& name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name.c_str()));
  if (*function != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("NCCL has no ", name, "; it needs 2.7 or newer"));
}

}  // namespace

absl::StatusOr<Nccl> OpenNccl(const char* library) {
  void* const opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("NCCL cannot be opened (", dlerror(), ")"));
  }
  Nccl nccl;
  RETURN_IF_ERROR(Find(opened, "ncclGetErrorString", &nccl.GetErrorString));
  RETURN_IF_ERROR(Find(opened, "ncclGetUniqueId", &nccl.GetUniqueId));
  RETURN_IF_ERROR(Find(opened, "ncclCommInitRank", &nccl.CommInitRank));
  RETURN_IF_ERROR(Find(opened, "ncclCommGetAsyncError", &nccl.CommGetAsyncError));
  RETURN_IF_ERROR(Find(opened, "ncclCommDestroy", &nccl.CommDestroy));
  RETURN_IF_ERROR(Find(opened, "ncclCommAbort", &nccl.CommAbort));
  RETURN_IF_ERROR(Find(opened, "ncclGroupStart", &nccl.GroupStart));
  RETURN_IF_ERROR(Find(opened, "ncclGroupEnd", &nccl.GroupEnd));
  RETURN_IF_ERROR(Find(opened, "ncclSend", &nccl.Send));
  RETURN_IF_ERROR(Find(opened, "ncclRecv", &nccl.Recv));
  return nccl;
}

}  // namespace vitrine
