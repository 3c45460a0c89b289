// Any bytes are a Parquet file of images or an error, and all its rows can be asked for.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/source/fuzz_file.h"
#include "data/source/parquet/parquet.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// So that none takes long. What a row that can't be read was unpacked from is not kept for the
// next.
constexpr int64_t kMostRows = 1000;
constexpr int kMostErrors = 4;

bool IsExpected(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
}

// Whether the bytes of an image lie where they may be read is for AddressSanitizer to say.
uint8_t Sum(std::string_view bytes) {
  uint8_t sum = 0;
  for (const char byte : bytes) sum = static_cast<uint8_t>(sum + byte);
  return sum;
}

void ReadAll(std::string_view bytes) {
  const FuzzFile file(bytes);
  const std::filesystem::path path = file.path();
  const absl::StatusOr<ParquetImages> parquet = OpenParquet({&path, 1});
  if (!parquet.ok()) {
    CHECK(IsExpected(parquet.status())) << parquet.status();
    return;
  }
  const ImageSource& images = *parquet->images;
  [[maybe_unused]] volatile uint8_t sum = 0;
  int errors = 0;
  for (int64_t i = 0; i < std::min(images.size(), kMostRows) && errors < kMostErrors; ++i) {
    CHECK_LT(images.Label(i), static_cast<int64_t>(parquet->class_names.size()));
    const absl::StatusOr<StoredImage> image = images.Read(i);
    if (image.ok()) sum = Sum(std::get<EncodedBytes>(*image).bytes);
    errors += !image.ok();
    CHECK(image.ok() || IsExpected(image.status())) << image.status();
  }
  CHECK(!images.Name(0).empty());
}

}  // namespace
}  // namespace vitrine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Arrow has an allocator of its own, in which AddressSanitizer sees nothing.
  static const int set = setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  CHECK_EQ(set, 0);
  vitrine::ReadAll({reinterpret_cast<const char*>(data), size});
  return 0;
}
