#include "base/files/json.h"

namespace vitrine {
namespace {

std::string Text(const Json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

Json ParseJson(std::string_view text) {
  return Json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
}

std::string CompactJson(const Json& json) { return Text(json, -1); }

std::string PrettyJson(const Json& json) { return Text(json, 2); }

}  // namespace vitrine
