#include "base/files/json.h"

#include <cstddef>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

namespace vitrine {
namespace {

// No file has more, and deeper ones take a hundred bytes of memory for each of text.
constexpr int kMostLevels = 64;

// Each key is compared with all of its object that were read before, so that a million would take
// an hour.
constexpr size_t kMostKeysInOrder = 20'000;

template <typename AnyJson>
std::string Text(const AnyJson& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, AnyJson::error_handler_t::replace);
}

// A key that an object has twice means either value, or none.
template <typename AnyJson>
AnyJson Parse(std::string_view text, size_t most_keys) {
  bool good = true;
  std::vector<std::unordered_set<std::string>> objects;  // the keys of those that are open
  const auto watch = [&](int depth, typename AnyJson::parse_event_t event, AnyJson& parsed) {
    if (!good) return false;
    if (event == AnyJson::parse_event_t::object_start) {
      objects.emplace_back();
    } else if (event == AnyJson::parse_event_t::object_end) {
      objects.pop_back();
    } else if (event == AnyJson::parse_event_t::key) {
      auto& keys = objects.back();
      good = keys.insert(parsed.template get<std::string>()).second && keys.size() <= most_keys;
    }
    good = good && depth <= kMostLevels;
    return good;
  };
  AnyJson json = AnyJson::parse(text, watch, /*allow_exceptions=*/false);
  return good ? json : AnyJson(AnyJson::value_t::discarded);
}

}  // namespace

Json ParseJson(std::string_view text) { return Parse<Json>(text, kMostKeysInOrder); }

SortedJson ParseLargeJson(std::string_view text) {
  return Parse<SortedJson>(text, std::numeric_limits<size_t>::max());
}

std::string CompactJson(const Json& json) { return Text(json, -1); }

std::string PrettyJson(const Json& json) { return Text(json, 2); }
std::string PrettyJson(const SortedJson& json) { return Text(json, 2); }

}  // namespace vitrine
