#include "base/parallel/gpu_exchange_flags.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/parallel/agreement.h"
#include "base/parallel/nccl.h"
#include "base/parallel/nccl_transport.h"
#include "base/parallel/own_address.h"
#include "base/parallel/transport.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "gflags/gflags.h"
#include "glog/logging.h"

DEFINE_string(
    gpu_exchange, "auto",
    "how processes exchange gradients of GPUs: nccl, gloo (through the CPU), or auto: NCCL "
    "where each process has a GPU of its own");
DECLARE_int32(process_timeout);

namespace vitrine {
namespace {

// Each process sees one GPU, by this variable (own_gpu.h).
std::string OwnGpuName() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return absl::StrCat(HostName(), "/", visible == nullptr ? "" : visible);
}

// An error says why the group can't exchange by NCCL.
absl::Status CheckGpus(ProcessGroup* group, const absl::Status& opened) {
  ASSIGN_OR_RETURN(
      const std::vector<std::string> gpus,
      GatherOrFail(group, opened.ok() ? absl::StatusOr<std::string>(OwnGpuName()) : opened));
  if (std::set(gpus.begin(), gpus.end()).size() == gpus.size()) return absl::OkStatus();
  return absl::FailedPreconditionError("processes share a GPU");
}

}  // namespace

absl::Status ChooseGpuExchange(ProcessGroup* group, c10::Device device) {
  if (FLAGS_gpu_exchange != "auto" && FLAGS_gpu_exchange != "nccl" &&
      FLAGS_gpu_exchange != "gloo") {
    return UsageError(
        absl::StrCat("--gpu_exchange: must be auto, nccl or gloo, is '", FLAGS_gpu_exchange, "'"));
  }
  if (FLAGS_gpu_exchange == "nccl" && device.is_cpu()) {
    return UsageError("--gpu_exchange=nccl: the device is a CPU; leave the flag out");
  }
  if (group->size() == 1 || device.is_cpu() || FLAGS_gpu_exchange == "gloo") {
    return absl::OkStatus();
  }
  const absl::StatusOr<Nccl> nccl = OpenNccl();
  const absl::Status possible = CheckGpus(group, nccl.status());
  if (!possible.ok() && FLAGS_gpu_exchange == "nccl") {
    return AsUsageError(Annotate(possible, "--gpu_exchange=nccl"));
  }
  if (!possible.ok()) {
    LOG(WARNING) << "gradients are exchanged through the CPU, by Gloo: " << possible.message();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                   ConnectByNccl(*nccl, *group, std::chrono::seconds(FLAGS_process_timeout)));
  group->UseFor(device, std::move(transport));
  LOG(INFO) << "gradients are exchanged from GPU to GPU, by NCCL";
  return absl::OkStatus();
}

}  // namespace vitrine
