#include "base/cuda_graph/recorder.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <exception>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/cuda_graph/cuda_graph.h"
#include "base/cuda_graph/cuda_graph_library.h"
#include "base/status_macros.h"
#include "c10/util/Exception.h"

namespace vitrine {
namespace {

class Calls : public Recording {
 public:
  explicit Calls(std::function<void()> work) : work_(std::move(work)) {}

  void Replay() override { work_(); }

 private:
  const std::function<void()> work_;
};

class Graph : public Recording {
 public:
  explicit Graph(std::unique_ptr<CudaGraph> graph) : graph_(std::move(graph)) {}

  void Replay() override { graph_->Replay(); }

 private:
  const std::unique_ptr<CudaGraph> graph_;
};

absl::Status CannotOpen(std::string_view reason) {
  return absl::FailedPreconditionError(absl::StrCat("cannot open CUDA graphs: ", reason));
}

// Of the library that is embedded in the program, opened from memory for as long as it runs.
absl::StatusOr<NewCudaGraphFunction*> Open() {
  const std::string_view library = CudaGraphLibrary()[0].contents;
  if (library.empty()) return CannotOpen("built without --config=cuda_kernels");
  const int file = memfd_create("vitrine_cuda_graph", MFD_CLOEXEC);
  if (file < 0 ||
      write(file, library.data(), library.size()) != static_cast<ssize_t>(library.size())) {
    return CannotOpen("no file in memory");
  }
  void* opened = dlopen(absl::StrCat("/proc/self/fd/", file).c_str(), RTLD_NOW | RTLD_LOCAL);
  close(file);
  void* function = opened == nullptr ? nullptr : dlsym(opened, kNewCudaGraph);
  if (function == nullptr) return CannotOpen(dlerror());
  return reinterpret_cast<NewCudaGraphFunction*>(function);
}

absl::StatusOr<std::unique_ptr<Recording>> RecordGraph(const std::function<void()>& work) {
  static const absl::StatusOr<NewCudaGraphFunction*>* const function =
      new absl::StatusOr<NewCudaGraphFunction*>(Open());
  if (!function->ok()) return function->status();
  std::unique_ptr<CudaGraph> graph((**function)());
  try {
    graph->Record(work);
  } catch (const c10::Error& error) {
    return absl::InternalError(error.what_without_backtrace());
  }
  return std::make_unique<Graph>(std::move(graph));
}

}  // namespace

Recorder RecorderOf(at::Device device) {
  if (device.is_cpu()) return nullptr;
  return RecordGraph;
}

Recorder CallingRecorder() {
  return [](std::function<void()> work) { return std::make_unique<Calls>(std::move(work)); };
}

}  // namespace vitrine
