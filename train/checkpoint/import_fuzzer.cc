// Any bytes are weights of another package, or what lies beside them, or an error of one line. The
// first byte says which: c config.json, p preprocessor_config.json, i the index of parts; all other
// bytes a safetensors file.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/tensors/safetensors.h"
#include "glog/logging.h"
#include "train/checkpoint/model_description.h"
#include "train/checkpoint/weight_files.h"
#include "vit/import/import_model.h"

namespace vitrine {
namespace {

absl::Status ImportTensors(std::string_view bytes) {
  const absl::StatusOr<TensorMap> tensors = ParseSafetensors(std::string(bytes));
  if (!tensors.ok()) return tensors.status();
  ModelConfig known;
  known.set_heads(2);
  const absl::StatusOr<ImportedModel> model = ImportModel(*tensors, known);
  if (model.ok()) CHECK(!model->notes.empty());
  return model.status();
}

absl::Status Read(std::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  ModelDescription description;
  switch (bytes[0]) {
    case 'c':
      return AddModelConfig(bytes.substr(1), "config.json", &description);
    case 'p':
      return AddPreprocessorConfig(bytes.substr(1), "preprocessor_config.json", &description);
    case 'i':
      return ParseWeightIndex(bytes.substr(1), "index.json").status();
    default:
      return ImportTensors(bytes);
  }
}

}  // namespace
}  // namespace vitrine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::Status status = vitrine::Read({reinterpret_cast<const char*>(data), size});
  CHECK(!absl::IsInternal(status) && !absl::IsUnknown(status)) << status;
  CHECK(status.message().find('\n') == std::string_view::npos) << status;
  return 0;
}
