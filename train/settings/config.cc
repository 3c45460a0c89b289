#include "train/settings/config.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/older_config.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "train/configs/embedded_configs.h"

namespace vitrine {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::TextFormat;

constexpr std::string_view kExtension = ".textproto";

// What some editors begin a UTF-8 file with.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Keeps the first error, as "line:column: message".
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return absl::StrJoin(names, ", ");
}

// What a field takes, for the message about a value that it does not.
std::string Expected(const FieldDescriptor& field) {
  if (field.enum_type() == nullptr) return absl::StrCat("a value of type ", field.cpp_type_name());
  std::vector<std::string> names;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    names.push_back(field.enum_type()->value(i)->name());
  }
  return absl::StrCat("one of ", absl::StrJoin(names, ", "));
}

// Of "a, b".
bool AddTexts(std::string_view list, const FieldDescriptor& field, Message* parent) {
  for (const std::string_view text : absl::StrSplit(list, ',', absl::SkipWhitespace())) {
    parent->GetReflection()->AddString(parent, &field,
                                       std::string(absl::StripAsciiWhitespace(text)));
  }
  return true;
}

bool ParseValue(const FieldDescriptor& field, const std::string& value, Message* parent) {
  FirstError ignored;  // the caller says more than the parser would
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&ignored);
  parent->GetReflection()->ClearField(parent, &field);
  // A text needs no quotes, which the parser asks for.
  const bool is_bare_text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
                            value.find_first_of("\"'") > (field.is_repeated() ? value.size() : 0);
  if (is_bare_text && !field.is_repeated()) {
    parent->GetReflection()->SetString(parent, &field, value);
    return true;
  }
  if (!field.is_repeated()) return parser.ParseFieldValueFromString(value, &field, parent);
  if (!absl::StartsWith(value, "[") || !absl::EndsWith(value, "]")) return false;
  if (is_bare_text) return AddTexts(value.substr(1, value.size() - 2), field, parent);
  return parser.MergeFromString(absl::StrCat(field.name(), ": ", value), parent);
}

// Clears the lists of `message` that `by` is to replace.
void ClearListsOf(const Message& by, Message* message) {
  std::vector<const FieldDescriptor*> fields;
  by.GetReflection()->ListFields(by, &fields);
  for (const FieldDescriptor* field : fields) {
    const auto* reflection = message->GetReflection();
    if (field->is_repeated()) {
      reflection->ClearField(message, field);
    } else if (field->message_type() != nullptr) {
      ClearListsOf(by.GetReflection()->GetMessage(by, field),
                   reflection->MutableMessage(message, field));
    }
  }
}

}  // namespace

std::vector<std::string> ConfigNames() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : EmbeddedConfigs()) {
    names.emplace_back(absl::StripSuffix(file.name, kExtension));
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<ExperimentConfig> LoadConfig(const std::string& name_or_file) {
  if (name_or_file.find_first_of("./") != std::string::npos) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(UserPath(name_or_file)));
    ASSIGN_OR_RETURN(ExperimentConfig config, ParseConfig(text, name_or_file));
    if (!config.has_name()) config.set_name(std::filesystem::path(name_or_file).stem());
    return config;
  }
  for (const EmbeddedFile& file : EmbeddedConfigs()) {
    if (absl::StripSuffix(file.name, kExtension) == name_or_file) {
      ASSIGN_OR_RETURN(ExperimentConfig config, ParseConfig(file.contents, file.name));
      if (!config.has_name()) config.set_name(name_or_file);
      return config;
    }
  }
  return absl::NotFoundError(absl::StrCat("no config '", name_or_file, "'; there are ",
                                          absl::StrJoin(ConfigNames(), ", "),
                                          ", or give a file (with a dot or slash in its path)"));
}

absl::StatusOr<ExperimentConfig> ParseConfig(std::string_view text, std::string_view source) {
  if (absl::StartsWith(text, "\xFF\xFE") || absl::StartsWith(text, "\xFE\xFF")) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": is UTF-16; save it as UTF-8"));
  }
  absl::ConsumePrefix(&text, kByteOrderMark);
  FirstError error;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  ExperimentConfig config;
  if (!parser.ParseFromString(std::string(text), &config)) {
    return absl::InvalidArgumentError(absl::StrCat(source, ":", error.text()));
  }
  return config;
}

absl::Status ApplyOverride(std::string_view assignment, ExperimentConfig* config) {
  const std::pair<std::string_view, std::string_view> parts =
      absl::StrSplit(assignment, absl::MaxSplits('=', 1));
  const auto [path, value] = parts;
  if (!absl::StrContains(assignment, '=')) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", assignment, "' is not of the form field.path=value"));
  }
  Message* message = config;
  const FieldDescriptor* field = nullptr;
  for (const std::string_view name : absl::StrSplit(path, '.')) {
    if (field != nullptr) {
      if (field->message_type() == nullptr || field->is_repeated()) {
        return absl::InvalidArgumentError(
            field->is_repeated()
                ? absl::StrCat(path, ": give the whole list, ", field->name(), "=[{...}, {...}]")
                : absl::StrCat(path, ": ", field->name(), " has no fields of its own"));
      }
      message = message->GetReflection()->MutableMessage(message, field);
    }
    field = message->GetDescriptor()->FindFieldByName(std::string(name));
    if (field == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": no field '", name, "'; there are ",
                                                     FieldNames(*message->GetDescriptor())));
    }
  }
  if (field->message_type() != nullptr && !field->is_repeated()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": give one of its fields: ", FieldNames(*field->message_type())));
  }
  if (!ParseValue(*field, std::string(value), message)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": '", value, "' is not ",
                                                   field->is_repeated() ? "a list [a, b] of " : "",
                                                   Expected(*field)));
  }
  return absl::OkStatus();
}

absl::Status ApplyOverrides(const std::vector<std::string>& assignments, ExperimentConfig* config) {
  for (const std::string& assignment : assignments) {
    RETURN_IF_ERROR(ApplyOverride(assignment, config));
  }
  return absl::OkStatus();
}

void TakeUnsetFields(const ExperimentConfig& run, ExperimentConfig* config) {
  config->clear_name();
  ExperimentConfig taken = run;
  ClearListsOf(*config, &taken);
  taken.MergeFrom(*config);
  *config = std::move(taken);
}

void TakeOpenChoices(const ExperimentConfig& run, ExperimentConfig* config) {
  if (config->threads() == 0) config->set_threads(run.threads());
  if (config->precision() == ExperimentConfig::AUTO16) config->set_precision(run.precision());
  if (config->kernels() == ExperimentConfig::AUTO) config->set_kernels(run.kernels());
}

void FillDefaults(Message* message) {
  const auto* reflection = message->GetReflection();
  const Descriptor* type = message->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_repeated()) continue;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      FillDefaults(reflection->MutableMessage(message, field));
      continue;
    }
    if (reflection->HasField(*message, field) || !field->has_default_value()) continue;
    const auto* choice = field->containing_oneof();
    if (choice != nullptr && reflection->HasOneof(*message, choice)) continue;
    // A field without value reads as its default; writing that back makes it a value.
    std::string text;
    TextFormat::PrintFieldValueToString(*message, field, -1, &text);
    TextFormat::Parser().ParseFieldValueFromString(text, field, message);
  }
}

void FillDefaultsOfOlder(ExperimentConfig* config) {
  // Where there was no choice yet.
  if (!config->has_kernels()) config->set_kernels(ExperimentConfig::REFERENCE);
  FillDefaultsOfOlder(config->mutable_data());
  FillDefaults(config);
}

std::string ConfigText(const ExperimentConfig& config) {
  std::string text;
  TextFormat::PrintToString(config, &text);
  return text;
}

std::string ConfigDifferences(const ExperimentConfig& a, const ExperimentConfig& b) {
  std::string report;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&report);
  if (differencer.Compare(a, b)) return "";
  return absl::StrReplaceAll(absl::StripSuffix(report, "\n"), {{"\n", "; "}});
}

std::string ResumeDifferences(ExperimentConfig a, ExperimentConfig b) {
  for (ExperimentConfig* config : {&a, &b}) {
    config->mutable_data()->clear_loader_threads();
    config->mutable_data()->clear_on_bad_image();
  }
  return ConfigDifferences(a, b);
}

}  // namespace vitrine
