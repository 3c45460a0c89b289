#include "eval/formats/formats.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "eval/formats/preprocessing.h"
#include "vit/export/timm_model.h"
#include "vit/export/transformers_model.h"

namespace vitrine {
namespace {

// One processor of transformers keeps a picture's shape, and resizes by its shorter side alone.
absl::Status CheckProcessor(const Preprocessing& steps) {
  if (!steps.keeps_shape || steps.size.width == steps.size.height) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "data.evaluation_transforms: no processor of transformers keeps a picture's shape "
      "and makes ",
      steps.size.width, " x ", steps.size.height, " pixels of it"));
}

absl::Status Check(Format format, const ExperimentConfig& config) {
  ASSIGN_OR_RETURN(const Preprocessing steps, PreprocessingOf(config));
  switch (format) {
    case Format::kTimm:
      return CheckTimm(config.model());
    case Format::kHuggingface:
      RETURN_IF_ERROR(TransformersClassOf(config.model()).status());
      return CheckProcessor(steps);
    case Format::kOnnx:
      return absl::OkStatus();
  }
  return absl::InternalError("not one of the formats");
}

}  // namespace

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kTimm:
      return "timm";
    case Format::kHuggingface:
      return "huggingface";
    case Format::kOnnx:
      return "onnx";
  }
  return "";
}

absl::Status CheckHolds(Format format, const ExperimentConfig& config) {
  absl::Status problem = Check(format, config);
  if (problem.ok()) return problem;
  for (const Format other : {Format::kTimm, Format::kHuggingface, Format::kOnnx}) {
    if (other == format || !Check(other, config).ok()) continue;
    return absl::Status(
        problem.code(),
        absl::StrCat(problem.message(), "; --format=", FormatName(other), " can hold it"));
  }
  return problem;
}

}  // namespace vitrine
