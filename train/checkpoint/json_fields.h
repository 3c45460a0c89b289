// The fields of a JSON object that others wrote, read one by one.
//
//   ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Parse(text, "config.json"));
//   if (const auto heads = fields.Positive("num_heads")) config.set_heads(*heads);
//   return fields.status();

#ifndef TRAIN_CHECKPOINT_JSON_FIELDS_H_
#define TRAIN_CHECKPOINT_JSON_FIELDS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/files/json.h"

namespace vitrine {

// Each is of the type that is asked for, or not there; null is not there. The first that is of
// another type is the status, of sub-fields too.
class JsonFields {
 public:
  // DataLoss where the text is no object. `name` stands in errors.
  static absl::StatusOr<JsonFields> Parse(std::string_view text, std::string_view name);

  bool Has(const char* field) const;
  const SortedJson& Get(const char* field) const { return json_.at(field); }

  // Of those that are there.
  std::vector<std::string> Names() const;

  // Those of an object; none where it is not there.
  JsonFields In(const char* field);

  // A whole number from 1 to 2^24.
  std::optional<int> Positive(const char* field);
  std::optional<double> Number(const char* field);
  std::optional<bool> Bool(const char* field);
  std::optional<std::string> String(const char* field);
  std::vector<double> Numbers(const char* field);  // empty where it is not there

  // Makes this the status, unless there is one.
  std::nullopt_t Refuse(const char* field, std::string_view why);

  const std::string& name() const { return name_; }
  const absl::Status& status() const { return *status_; }

 private:
  JsonFields(std::string name, SortedJson json, std::shared_ptr<absl::Status> status)
      : name_(std::move(name)), json_(std::move(json)), status_(std::move(status)) {}

  std::string name_;
  SortedJson json_;
  std::shared_ptr<absl::Status> status_;
};

}  // namespace vitrine

#endif  // TRAIN_CHECKPOINT_JSON_FIELDS_H_
