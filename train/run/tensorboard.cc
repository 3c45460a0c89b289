#include "train/run/tensorboard.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files/crc32c.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "events.out.tfevents.";
constexpr size_t kSecondsDigits = 10;  // from 2001 to 2286

double UnixSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// TensorBoard reads the files of a folder in the order of their names. So a new name is a second
// beyond the last one if the clock is not, as when a run is resumed at once or on another machine.
fs::path NewFile(const fs::path& folder, int64_t first_step) {
  int64_t seconds = static_cast<int64_t>(UnixSeconds());
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    std::string_view rest = name;
    int64_t taken;
    if (absl::ConsumePrefix(&rest, kPrefix) &&
        absl::SimpleAtoi(rest.substr(0, kSecondsDigits), &taken)) {
      seconds = std::max(seconds, taken + 1);
    }
  }
  return folder / absl::StrCat(kPrefix, absl::Dec(seconds, absl::kZeroPad10), ".", first_step);
}

template <typename T>
std::string Bytes(T number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

// A checksum of bytes that hold checksums is weak; TFRecord therefore turns and shifts it.
uint32_t MaskedCrc32c(std::string_view bytes) { return std::rotr(Crc32c(bytes), 15) + 0xA282EAD8; }

}  // namespace

std::string FramedRecord(std::string_view bytes) {
  const std::string length =
      Bytes<uint64_t>(bytes.size());  // x86-64 is little-endian, as it should
  return absl::StrCat(length, Bytes(MaskedCrc32c(length)), bytes, Bytes(MaskedCrc32c(bytes)));
}

EventWriter::EventWriter(const fs::path& path)
    : path_(path), stream_(path, std::ios::binary | std::ios::app) {}

absl::StatusOr<EventWriter> EventWriter::Create(const fs::path& folder, int64_t first_step) {
  EventWriter writer(NewFile(folder, first_step));
  tensorboard::Event version;
  version.set_file_version("brain.Event:2");  // from 2 on, START events are what counts
  RETURN_IF_ERROR(writer.Write(std::move(version)));
  // Also where nothing came before: TensorBoard takes only the second START of a folder, and those
  // after it, for a restart.
  tensorboard::Event start;
  start.set_step(first_step);
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  RETURN_IF_ERROR(writer.Write(std::move(start)));
  return writer;
}

absl::Status EventWriter::Scalars(int64_t step, absl::Span<const Scalar> scalars) {
  tensorboard::Event event;
  event.set_step(step);
  for (const Scalar& scalar : scalars) {
    auto* value = event.mutable_summary()->add_value();
    value->set_tag(std::string(scalar.tag));
    value->set_simple_value(static_cast<float>(scalar.value));
  }
  return Write(std::move(event));
}

absl::Status EventWriter::Write(tensorboard::Event event) {
  event.set_wall_time(UnixSeconds());
  stream_ << FramedRecord(event.SerializeAsString()) << std::flush;
  if (stream_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path_.string(), ": cannot write; is the disk full?"));
}

}  // namespace vitrine
