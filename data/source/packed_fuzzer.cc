// Any bytes are a packed file or an error, and all its images can be asked for. The index is read
// both as it is and with the right checksum, which no mutation would leave.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/crc32c.h"
#include "data/source/fuzz_file.h"
#include "data/source/packed_source.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

void ReadAll(std::string_view bytes) {
  const FuzzFile file(bytes);
  const absl::StatusOr<PackedImages> packed = OpenPacked(file.path());
  if (!packed.ok()) {
    CHECK(absl::IsDataLoss(packed.status())) << packed.status();
    return;
  }
  const ImageSource& images = *packed->images;
  for (int64_t i = 0; i < images.size(); ++i) {
    CHECK(images.Label(i) >= 0 &&
          images.Label(i) < static_cast<int64_t>(packed->class_names.size()));
    CHECK(!images.Name(i).empty());
    const absl::Status status = images.Read(i).status();
    CHECK(status.ok() || absl::IsDataLoss(status)) << status;
  }
}

// Behind the index: its length (8 bytes), its checksum (4), and 12 more.
std::string WithChecksum(std::string bytes) {
  constexpr size_t kFooter = 24;
  if (bytes.size() < kFooter) return bytes;
  const size_t end = bytes.size() - kFooter;
  uint64_t size = 0;
  std::memcpy(&size, bytes.data() + end, sizeof size);
  if (size > end) return bytes;
  const uint32_t crc = Crc32c(std::string_view(bytes).substr(end - size, size));
  std::memcpy(bytes.data() + end + sizeof size, &crc, sizeof crc);
  return bytes;
}

}  // namespace
}  // namespace vitrine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  vitrine::ReadAll(bytes);
  vitrine::ReadAll(vitrine::WithChecksum(bytes));
  return 0;
}
