// Scalars for TensorBoard: a file of events, in a folder that may hold those of earlier processes.
//
//   ASSIGN_OR_RETURN(EventWriter events, EventWriter::Create(run_dir, /*first_step=*/iteration));
//   RETURN_IF_ERROR(events.Scalars(iteration, {{"train/loss", loss}, {"train/accuracy",
//   accuracy}}));

#ifndef TRAIN_RUN_TENSORBOARD_H_
#define TRAIN_RUN_TENSORBOARD_H_

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "train/run/tensorboard.pb.h"

namespace vitrine {

class EventWriter {
 public:
  struct Scalar {
    std::string_view tag;
    double value;
  };

  // Opens a new file, which begins by saying that the run goes on from `first_step`: TensorBoard
  // drops the points of that step and later ones that an earlier process wrote, and keeps those
  // below.
  static absl::StatusOr<EventWriter> Create(const std::filesystem::path& folder,
                                            int64_t first_step);

  // A point of each tag. It reaches the operating system at once, so a killed process loses none.
  absl::Status Scalars(int64_t step, absl::Span<const Scalar> scalars);

 private:
  explicit EventWriter(const std::filesystem::path& path);

  absl::Status Write(tensorboard::Event event);

  std::filesystem::path path_;
  std::ofstream stream_;
};

// The frame of a record in TensorFlow's TFRecord format, in which event files are written: length,
// checksum of the length, the bytes, checksum of the bytes.
std::string FramedRecord(std::string_view bytes);

}  // namespace vitrine

#endif  // TRAIN_RUN_TENSORBOARD_H_
