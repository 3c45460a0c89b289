#include "train/checkpoint/json_fields.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace vitrine {

absl::StatusOr<JsonFields> JsonFields::Parse(std::string_view text, std::string_view name) {
  SortedJson json = ParseLargeJson(text);
  if (!json.is_object()) return absl::DataLossError(absl::StrCat(name, ": is no JSON object"));
  return JsonFields(std::string(name), std::move(json), std::make_shared<absl::Status>());
}

bool JsonFields::Has(const char* field) const {
  const auto found = json_.find(field);
  return found != json_.end() && !found->is_null();
}

std::vector<std::string> JsonFields::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : json_.items()) {
    if (!value.is_null()) names.push_back(name);
  }
  return names;
}

JsonFields JsonFields::In(const char* field) {
  SortedJson inner = SortedJson::object();
  if (Has(field) && !Get(field).is_object()) {
    Refuse(field, "is no object");
  } else if (Has(field)) {
    inner = Get(field);
  }
  return JsonFields(absl::StrCat(name_, ": ", field), std::move(inner), status_);
}

std::optional<int> JsonFields::Positive(const char* field) {
  if (!Has(field)) return std::nullopt;
  if (!Get(field).is_number_integer()) return Refuse(field, "is no whole number");
  const auto value = Get(field).get<int64_t>();
  if (value < 1 || value > (1 << 24)) return Refuse(field, "is out of range");
  return static_cast<int>(value);
}

std::optional<double> JsonFields::Number(const char* field) {
  if (!Has(field)) return std::nullopt;
  if (!Get(field).is_number()) return Refuse(field, "is no number");
  return Get(field).get<double>();
}

std::optional<bool> JsonFields::Bool(const char* field) {
  if (!Has(field)) return std::nullopt;
  if (!Get(field).is_boolean()) return Refuse(field, "is neither true nor false");
  return Get(field).get<bool>();
}

std::optional<std::string> JsonFields::String(const char* field) {
  if (!Has(field)) return std::nullopt;
  if (!Get(field).is_string()) return Refuse(field, "is no text");
  return Get(field).get<std::string>();
}

std::vector<double> JsonFields::Numbers(const char* field) {
  std::vector<double> numbers;
  if (!Has(field)) return numbers;
  bool good = Get(field).is_array();
  for (const SortedJson& number : Get(field)) {
    good = good && number.is_number();
    if (good) numbers.push_back(number.get<double>());
  }
  if (good) return numbers;
  Refuse(field, "is no list of numbers");
  return {};
}

std::nullopt_t JsonFields::Refuse(const char* field, std::string_view why) {
  // It may tell what is there, which can be of any lines.
  if (status_->ok()) {
    *status_ = absl::DataLossError(absl::StrCat(name_, ": ", absl::Utf8SafeCHexEscape(field), ": ",
                                                absl::Utf8SafeCHexEscape(why)));
  }
  return std::nullopt;
}

}  // namespace vitrine
