#include "base/parallel/gpu_exchange_flag.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
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

// Why the group can't exchange by NCCL, or nothing.
absl::StatusOr<std::string> Obstacle(ProcessGroup* group, const absl::Status& opened) {
  ASSIGN_OR_RETURN(const std::vector<std::string> reasons,
                   group->AllGather(opened.ok() ? "" : opened.message()));
  for (int rank = 0; rank < group->size(); ++rank) {
    if (!reasons[rank].empty()) return absl::StrCat("rank ", rank, ": ", reasons[rank]);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> gpus, group->AllGather(OwnGpuName()));
  const std::set<std::string> different(gpus.begin(), gpus.end());
  if (different.size() == gpus.size()) return "";
  return "processes share a GPU";
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
  ASSIGN_OR_RETURN(const std::string obstacle, Obstacle(group, nccl.status()));
  if (!obstacle.empty() && FLAGS_gpu_exchange == "nccl") {
    return UsageError(absl::StrCat("--gpu_exchange=nccl: ", obstacle));
  }
  if (!obstacle.empty()) {
    LOG(WARNING) << "gradients are exchanged through the CPU, by Gloo: " << obstacle;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                   ConnectByNccl(*nccl, *group, std::chrono::seconds(FLAGS_process_timeout)));
  group->UseFor(device, std::move(transport));
  LOG(INFO) << "gradients are exchanged from GPU to GPU, by NCCL";
  return absl::OkStatus();
}

}  // namespace vitrine
