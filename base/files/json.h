// JSON as people read it.

#ifndef BASE_FILES_JSON_H_
#define BASE_FILES_JSON_H_

#include <string>

#include "nlohmann/json.hpp"

namespace vitrine {

// Indented, without a newline at the end. Names and paths may be of any bytes: what is not UTF-8,
// as JSON must be, is replaced.
template <typename Json>
std::string PrettyJson(const Json& json) {
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace vitrine

#endif  // BASE_FILES_JSON_H_
