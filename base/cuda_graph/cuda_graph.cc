#include "base/cuda_graph/cuda_graph.h"

#include "ATen/cuda/CUDAGraph.h"
#include "c10/cuda/CUDAGuard.h"

namespace vitrine {
namespace {

class LibtorchGraph : public CudaGraph {
 public:
  void Record(const std::function<void()>& work) override {
    // What plain steps have left is of no use to the graph, which has memory of its own.
    c10::cuda::CUDACachingAllocator::emptyCache();
    const c10::cuda::CUDAStreamGuard on_own_stream(c10::cuda::getStreamFromPool());
    // Threads that load data may allocate meanwhile.
    graph_.capture_begin(/*pool=*/{0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      Abandon();
      throw;
    }
    graph_.capture_end();
  }

  void Replay() override { graph_.replay(); }

 private:
  // What it fails with follows from what failed before.
  void Abandon() {
    try {
      graph_.capture_end();
      graph_.reset();
    } catch (const c10::Error&) {
    }
  }

  at::cuda::CUDAGraph graph_;
};

}  // namespace
}  // namespace vitrine

extern "C" __attribute__((visibility("default"))) vitrine::CudaGraph* VitrineNewCudaGraph() {
  return new vitrine::LibtorchGraph;
}
