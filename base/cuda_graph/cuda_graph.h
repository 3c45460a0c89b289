// A CUDA graph, without libtorch's headers of CUDA. It is made by a library of its own, which is
// opened at run time: programs start where there is no CUDA.

#ifndef BASE_CUDA_GRAPH_CUDA_GRAPH_H_
#define BASE_CUDA_GRAPH_CUDA_GRAPH_H_

#include <functional>

namespace vitrine {

class CudaGraph {
 public:
  virtual ~CudaGraph() = default;

  // What the work has the current GPU do, on a stream of its own. Throws as libtorch does; then
  // there is no graph.
  virtual void Record(const std::function<void()>& work) = 0;

  // On the current stream.
  virtual void Replay() = 0;
};

// What the library exports.
constexpr char kNewCudaGraph[] = "VitrineNewCudaGraph";
using NewCudaGraphFunction = CudaGraph*();

}  // namespace vitrine

#endif  // BASE_CUDA_GRAPH_CUDA_GRAPH_H_
