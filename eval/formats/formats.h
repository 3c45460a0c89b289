// What a trained model can be exported as, and which of its fields each can hold.

#ifndef EVAL_FORMATS_FORMATS_H_
#define EVAL_FORMATS_FORMATS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/settings/experiment.pb.h"

namespace vitrine {

enum class Format { kTimm, kHuggingface, kOnnx };

// "timm", "huggingface" or "onnx".
std::string_view FormatName(Format format);

// An error that names the field that the format can't hold, and the format that can, if one does.
absl::Status CheckHolds(Format format, const ExperimentConfig& config);

}  // namespace vitrine

#endif  // EVAL_FORMATS_FORMATS_H_
