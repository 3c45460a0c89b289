#include "data/source/file_source.h"

#include <memory>

#include "base/files/file.h"
#include "base/status_macros.h"

namespace vitrine {

absl::StatusOr<StoredImage> FileSource::Read(int64_t index) const {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(files_.at(index)));
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return EncodedBytes{.bytes = *owner, .owner = owner};
}

}  // namespace vitrine
