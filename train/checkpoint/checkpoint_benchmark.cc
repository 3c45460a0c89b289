// What a checkpoint of step 5's 101 million parameters costs: 1.2 GB of weights and moments.
//
//   BM_Stall    training stands still, while the writer copies
//   BM_Write    until all is on the disk
//   BM_Read     the bytes of the files alone
//   BM_Resume   read, verified and put back where training goes on; less BM_Read, its own cost

#include <filesystem>

#include "base/files/file.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"
#include "train/checkpoint/checkpoint.h"
#include "train/checkpoint/checkpoint_writer.h"
#include "train/settings/config.h"
#include "train/train_state.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

fs::path Folder() { return fs::temp_directory_path() / "vitrine_checkpoint_benchmark"; }

TrainState& State() {
  static TrainState* const state = [] {
    ExperimentConfig config = LoadConfig("step5").value();
    FillDefaults(&config);
    config.set_kernels(ExperimentConfig::REFERENCE);  // no step is taken
    return new TrainState(TrainState::Create(config, at::kCPU).value());
  }();
  return *state;
}

int64_t Bytes(const TensorMap& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  return bytes;
}

Checkpoint Make() {
  Checkpoint checkpoint;
  checkpoint.manifest.set_iteration(1);
  State().Save(&checkpoint);
  return checkpoint;
}

void BM_Stall(benchmark::State& state) {
  const Checkpoint checkpoint = Make();
  CHECK(CreateFolder(Folder()).ok());
  CheckpointWriter writer(Folder(), CheckpointConfig());
  CHECK(writer.Write(checkpoint).ok());  // takes the memory, which every later one finds there
  for (auto _ : state) {
    state.PauseTiming();
    CHECK(writer.Finish().ok());
    state.ResumeTiming();
    CHECK(writer.Write(checkpoint).ok());
  }
  CHECK(writer.Finish().ok());
  state.SetBytesProcessed(state.iterations() *
                          (Bytes(checkpoint.model) + Bytes(*checkpoint.optimizer)));
}

void BM_Write(benchmark::State& state) {
  const Checkpoint checkpoint = Make();
  for (auto _ : state) CHECK(WriteCheckpoint(Folder(), checkpoint).ok());
}

void BM_Read(benchmark::State& state) {
  CHECK(WriteCheckpoint(Folder(), Make()).ok());
  int64_t bytes = 0;
  for (auto _ : state) {
    for (const auto& file : fs::directory_iterator(Folder() / CheckpointName(1))) {
      bytes += ReadFile(file.path()).value().size();
    }
  }
  state.SetBytesProcessed(bytes);
}

void BM_Resume(benchmark::State& state) {
  CHECK(WriteCheckpoint(Folder(), Make()).ok());
  for (auto _ : state) {
    const Checkpoint checkpoint = ReadNewestWhole(Folder()).value();
    CHECK(State().Load(checkpoint).ok());
  }
  fs::remove_all(Folder());
}

BENCHMARK(BM_Stall)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_Write)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_Read)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_Resume)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace vitrine
