#include "train/config.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "data/validate.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "train/embedded_configs.h"
#include "vit/config.h"

namespace vitrine {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::TextFormat;

constexpr std::string_view kExtension = ".textproto";

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

bool ParseValue(const FieldDescriptor& field, const std::string& value, Message* parent) {
  FirstError ignored;  // the caller says more than the parser would
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&ignored);
  parent->GetReflection()->ClearField(parent, &field);
  if (!field.is_repeated()) return parser.ParseFieldValueFromString(value, &field, parent);
  if (!absl::StartsWith(value, "[") || !absl::EndsWith(value, "]")) return false;
  return parser.MergeFromString(absl::StrCat(field.name(), ": ", value), parent);
}

class ProblemList {
 public:
  void Check(bool good, std::string_view problem) {
    if (!good) list_.emplace_back(problem);
  }
  void Append(const std::vector<std::string>& more) {
    list_.insert(list_.end(), more.begin(), more.end());
  }
  std::vector<std::string> Take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

bool IsFraction(double x) { return x >= 0 && x < 1; }
bool IsCount(int64_t x) { return x >= 0; }

void CheckSchedule(const ScheduleConfig& schedule, ProblemList* problems) {
  problems->Check(
      schedule.iterations() > 0,
      absl::StrCat("schedule.iterations: must be positive, is ", schedule.iterations()));
  problems->Check(schedule.max_learning_rate() > 0 && std::isfinite(schedule.max_learning_rate()),
                  absl::StrCat("schedule.max_learning_rate: must be positive, is ",
                               schedule.max_learning_rate()));
  problems->Check(
      schedule.min_learning_rate() >= 0 &&
          schedule.min_learning_rate() <= schedule.max_learning_rate(),
      absl::StrCat("schedule.min_learning_rate: must be from 0 to max_learning_rate, is ",
                   schedule.min_learning_rate()));
  problems->Check(
      IsCount(schedule.warmup_iterations()) &&
          (schedule.warmup_iterations() == 0 ||
           schedule.warmup_iterations() < schedule.iterations()),
      absl::StrCat("schedule.warmup_iterations: must be from 0 to below schedule.iterations ",
                   schedule.iterations(), ", is ", schedule.warmup_iterations()));
}

void CheckOptimizer(const OptimizerConfig& optimizer, ProblemList* problems) {
  problems->Check(IsFraction(optimizer.beta1()) && IsFraction(optimizer.beta2()),
                  "optimizer.beta1, optimizer.beta2: must be from 0 to below 1");
  problems->Check(IsFraction(optimizer.momentum()),
                  "optimizer.momentum: must be from 0 to below 1");
  problems->Check(optimizer.epsilon() > 0, "optimizer.epsilon: must be positive");
  problems->Check(optimizer.weight_decay() >= 0, "optimizer.weight_decay: must not be negative");
  problems->Check(optimizer.clip_norm() >= 0, "optimizer.clip_norm: must not be negative");
}

void CheckIntervals(const ExperimentConfig& config, ProblemList* problems) {
  problems->Check(config.logging().every_iterations() > 0,
                  "logging.every_iterations: must be positive");
  problems->Check(IsCount(config.validation().every_iterations()),
                  "validation.every_iterations: must not be negative");
  problems->Check(IsCount(config.checkpoint().every_iterations()),
                  "checkpoint.every_iterations: must not be negative");
  problems->Check(IsCount(config.checkpoint().keep_last()),
                  "checkpoint.keep_last: must not be negative");
  problems->Check(IsCount(config.checkpoint().keep_every()),
                  "checkpoint.keep_every: must not be negative");
  problems->Check(config.validation().every_iterations() == 0 || config.data().minival_size() > 0,
                  "validation.every_iterations: needs data.minival_size above 0, since nothing is "
                  "validated on the test split during a run");
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
      if (field->message_type() == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": ", field->name(), " has no fields of its own"));
      }
      message = message->GetReflection()->MutableMessage(message, field);
    }
    field = message->GetDescriptor()->FindFieldByName(std::string(name));
    if (field == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": no field '", name, "'; there are ",
                                                     FieldNames(*message->GetDescriptor())));
    }
  }
  if (field->message_type() != nullptr) {
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
    // A field without value reads as its default; writing that back makes it a value.
    std::string text;
    TextFormat::PrintFieldValueToString(*message, field, -1, &text);
    TextFormat::Parser().ParseFieldValueFromString(text, field, message);
  }
}

std::vector<std::string> ConfigProblems(const ExperimentConfig& config) {
  ProblemList problems;
  problems.Append(ModelConfigProblems(config.model()));
  problems.Append(DataConfigProblems(config.data()));
  CheckSchedule(config.schedule(), &problems);
  CheckOptimizer(config.optimizer(), &problems);
  CheckIntervals(config, &problems);
  problems.Check(config.threads() >= 0 && config.threads() <= 4096,
                 absl::StrCat("threads: must be from 0 to 4096, is ", config.threads()));
  return problems.Take();
}

std::vector<std::string> Unavailable(const ExperimentConfig& config) {
  ProblemList problems;
  problems.Check(config.precision() == ExperimentConfig::FP32,
                 "precision: only FP32 can be trained yet; precision=FP32 overrides it");
  problems.Check(config.kernels() == ExperimentConfig::REFERENCE,
                 "kernels: only REFERENCE is there yet; kernels=REFERENCE overrides it");
  problems.Check(config.optimizer().clip_order() == OptimizerConfig::UNSCALED,
                 "optimizer.clip_order: only UNSCALED is there yet; "
                 "optimizer.clip_order=UNSCALED overrides it");
  problems.Check(config.data().source() != DataConfig::IMAGENET100,
                 "data.source: IMAGENET100 cannot be read yet; take MNIST or CIFAR10");
  return problems.Take();
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

}  // namespace vitrine
