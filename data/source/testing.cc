#include "data/source/testing.h"

#include <variant>

#include "absl/strings/str_cat.h"

namespace vitrine {

std::string BytesAt(const ImageSource& source, int64_t index) {
  const absl::StatusOr<StoredImage> image = source.Read(index);
  if (!image.ok()) return absl::StrCat("!", image.status().message());
  return std::string(std::get<EncodedBytes>(*image).bytes);
}

}  // namespace vitrine
