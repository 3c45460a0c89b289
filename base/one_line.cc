#include "base/one_line.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace vitrine {

std::string OneLine(std::string_view text) {
  const bool breaks = std::any_of(text.begin(), text.end(), absl::ascii_iscntrl);
  return breaks ? absl::Utf8SafeCHexEscape(text) : std::string(text);
}

}  // namespace vitrine
