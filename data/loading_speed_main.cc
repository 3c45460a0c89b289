// How fast image files become batches: read, decoded, a random part of each resized, flipped and
// normalised. tools/loading_speed compares it with torchvision.

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/files/file.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/batches/prefetcher.h"
#include "data/batches/sample_reader.h"
#include "data/source/image_folder.h"
#include "data/transform/pipeline.h"
#include "gflags/gflags.h"

DEFINE_string(images, "", "a folder of class folders of image files");
DEFINE_int32(threads, 1, "threads that read and decode; batches are normalised beside them");
DEFINE_int32(passes, 10, "how often every image is loaded");
DEFINE_bool(normalize, true, "makes float32 of the bytes, as a CPU must; a GPU does so itself");
DEFINE_int32(size, 224, "pixels a side of what comes out");

namespace vitrine {
namespace {

constexpr int64_t kBatch = 32;

// Of the whole process, all threads together.
double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TransformConfigs CropAndFlip() {
  TransformConfigs transforms;
  transforms.Add()->mutable_random_resized_crop();
  transforms.Add()->mutable_horizontal_flip();
  return transforms;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_images.empty()) return UsageError("--images is needed; see --help");
  at::set_num_threads(1);
  DataConfig config;
  config.set_normalization(DataConfig::IMAGENET_STATS);
  ASSIGN_OR_RETURN(const ImageFolder folder, OpenImageFolder(UserPath(FLAGS_images)));
  ASSIGN_OR_RETURN(const Normalization normalization, Normalization::Create(config, 3));
  ASSIGN_OR_RETURN(TransformPipeline pipeline,
                   TransformPipeline::Create(CropAndFlip(), Square(FLAGS_size), {}));
  SampleReader reader(folder.images, std::move(pipeline),
                      {.channels = 3, .size = Square(FLAGS_size)},
                      /*seed=*/0, OnBad::kFail);
  int64_t images = 0;
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = CpuSeconds();
  {
    Prefetcher prefetcher(&reader, PlanInOrder(folder.images->size(), kBatch, FLAGS_passes),
                          {.threads = FLAGS_threads});
    while (!prefetcher.AtEnd()) {
      ASSIGN_OR_RETURN(const ByteBatch batch, prefetcher.Next());
      images += batch.images.size(0);
      if (FLAGS_normalize) normalization.Apply(batch.images);
    }
  }
  const double cpu = CpuSeconds() - cpu_start;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const auto count = static_cast<double>(images);
  std::cout << absl::StrFormat(
      "{\"images\": %d, \"threads\": %d, \"per_second\": %.1f, \"per_cpu_second\": %.1f}\n", images,
      FLAGS_threads, count / wall.count(), count / cpu);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv,
                             "loading_speed --images=FOLDER [flags]\n\nPrints how many images a "
                             "second, and a second of processor time, become batches.",
                             vitrine::Run);
}
