#include "data/class_list.h"

#include <cstdint>

#include "absl/strings/str_format.h"
#include "base/files/crc32c.h"

namespace vitrine {

std::string ClassListId(const std::vector<std::string>& class_names) {
  uint32_t crc = 0;
  for (const std::string& name : class_names) crc = Crc32c("\n", Crc32c(name, crc));
  return absl::StrFormat("%08x", crc);
}

}  // namespace vitrine
