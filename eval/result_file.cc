#include "eval/result_file.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// What is wrong is said by the status, not by protobuf on stderr.
class NoErrors : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int /*line*/, int /*column*/, const std::string& /*message*/) override {}
};

}  // namespace

void SetWeights(const CheckpointManifest& manifest, std::string_view weights,
                EvaluationResult* result) {
  result->set_iteration(manifest.iteration());
  result->set_weights(std::string(weights));
  if (manifest.has_average_of()) *result->mutable_average_of() = manifest.average_of();
  if (manifest.has_crc32c()) result->set_checkpoint_crc32c(manifest.crc32c());
}

fs::path ResultPath(const fs::path& checkpoint, const EvaluationResult& result) {
  return absl::StrCat(checkpoint.string(), ".", result.weights(), ".", result.split(),
                      result.flips() ? ".flips" : "", result.bfloat16() ? ".bf16" : "",
                      ".textproto");
}

absl::Status WriteResult(const fs::path& checkpoint, const EvaluationResult& result) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(result, &text);
  return WriteAtomically(ResultPath(checkpoint, result), text);
}

absl::StatusOr<EvaluationResult> ReadResult(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  NoErrors no_errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&no_errors);
  EvaluationResult result;
  if (!parser.ParseFromString(text, &result) || result.count() <= 0) {
    return absl::DataLossError(absl::StrCat(path.string(), ": is not the result of an evaluation"));
  }
  return result;
}

}  // namespace vitrine
