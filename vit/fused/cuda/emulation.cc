#include "vit/fused/cuda/emulation.h"

#include <array>
#include <barrier>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/tensors/device.h"
#include "glog/logging.h"
#include "vit/fused/cuda/kernels.h"
#include "vit/fused/cuda/launch.h"

namespace vitrine::fused::cuda {
namespace {

struct Index {
  unsigned x = 0, y = 0;
};

struct Warp {
  Warp() : barrier(kLanes) {}

  std::barrier<> barrier;
  std::array<float, kLanes> exchanged;
};

// What the threads of a block share.
struct Block {
  explicit Block(const Geometry& geometry)
      : barrier(kLanes * geometry.warps), warps(geometry.warps), memory(geometry.shared_floats) {}

  std::barrier<> barrier;
  std::vector<Warp> warps;
  std::vector<float> memory;
};

thread_local Block* block = nullptr;

using Kernel = void (*)(const void* parameters);

std::map<std::string, Kernel, std::less<>>& Kernels() {
  static auto* kernels = new std::map<std::string, Kernel, std::less<>>;
  return *kernels;
}

}  // namespace

// What CUDA has by these names, in the kernels' own namespace.
static thread_local Index threadIdx, blockIdx, blockDim, gridDim;

static void __syncthreads() { block->barrier.arrive_and_wait(); }

static float __shfl_xor_sync(unsigned /*mask*/, float x, int distance) {
  Warp& warp = block->warps[threadIdx.y];
  warp.exchanged[threadIdx.x] = x;
  warp.barrier.arrive_and_wait();
  const float other = warp.exchanged[threadIdx.x ^ distance];
  warp.barrier.arrive_and_wait();
  return other;
}

}  // namespace vitrine::fused::cuda

#define __device__
#define VITRINE_SHARED_MEMORY block->memory.data()
#define VITRINE_KERNEL(name, Parameters, function)                                             \
  static const bool name##_is_known =                                                          \
      Kernels()                                                                                \
          .emplace(#name, [](const void* p) { function(*static_cast<const Parameters*>(p)); }) \
          .second;

#include "vit/fused/cuda/kernels.cu"

namespace vitrine::fused::cuda {
namespace {

void Emulate(absl::string_view name, const Geometry& geometry, const void* parameters) {
  const auto kernel = Kernels().find(name);
  CHECK(kernel != Kernels().end()) << "no kernel " << name;
  Block shared(geometry);
  const auto run = [&](unsigned lane, unsigned warp) {
    block = &shared;
    threadIdx = {lane, warp};
    blockDim = {kLanes, static_cast<unsigned>(geometry.warps)};
    gridDim = {static_cast<unsigned>(geometry.blocks), static_cast<unsigned>(geometry.strips)};
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; ++blockIdx.y) {
      for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {
        if (lane == 0 && warp == 0) {
          shared.memory.assign(shared.memory.size(), std::numeric_limits<float>::quiet_NaN());
        }
        __syncthreads();
        kernel->second(parameters);
        __syncthreads();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int warp = 0; warp < geometry.warps; ++warp) {
    for (int lane = 0; lane < kLanes; ++lane) threads.emplace_back(run, lane, warp);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

std::vector<at::Device> EmulateKernels() {
  SetEmulator(&Emulate);
  std::vector<at::Device> devices = {at::kCPU};
  const absl::StatusOr<at::Device> gpu = FindDevice("cuda", /*cuda_library=*/"");
  if (gpu.ok() && HasKernels()) devices.push_back(*gpu);
  return devices;
}

}  // namespace vitrine::fused::cuda
