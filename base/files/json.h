// JSON as a value, to and from text. Files that call these compile two seconds faster than with the
// library's own parse and dump, which are templates.

#ifndef BASE_FILES_JSON_H_
#define BASE_FILES_JSON_H_

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

namespace vitrine {

// Objects keep their order.
using Json = nlohmann::ordered_json;

// What is no JSON gives a value of which is_discarded() is true; so does one of more than 64
// levels, with a key twice in an object, or with more than 20,000 keys in one.
Json ParseJson(std::string_view text);

// Objects are sorted by their keys, of which there may be any number.
using SortedJson = nlohmann::json;
SortedJson ParseLargeJson(std::string_view text);

// On one line, or indented and without a newline at the end. Names and paths may be of any bytes:
// what is not UTF-8, as JSON must be, is replaced.
std::string CompactJson(const Json& json);
std::string PrettyJson(const Json& json);
std::string PrettyJson(const SortedJson& json);

}  // namespace vitrine

#endif  // BASE_FILES_JSON_H_
