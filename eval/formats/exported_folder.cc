#include "eval/formats/exported_folder.h"

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "base/tensors/safetensors.h"
#include "eval/weights.h"

namespace vitrine {

namespace fs = std::filesystem;

absl::Status WriteExportedFolder(const fs::path& path, const ExportedFolder& folder) {
  return WriteNewFolder(path, [&](const fs::path& partial) -> absl::Status {
    // Older versions of transformers ask whose framework's they are.
    RETURN_IF_ERROR(
        WriteSafetensors(partial / "model.safetensors", folder.tensors, {{"format", "pt"}})
            .status());
    for (const auto& [name, json] : folder.files) {
      RETURN_IF_ERROR(WriteAndSync(partial / name, absl::StrCat(PrettyJson(json), "\n")));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<std::string>> ClassNamesOf(const CheckpointManifest& manifest) {
  RETURN_IF_ERROR(CheckClassNames(manifest));
  if (!HasHead(manifest)) return std::vector<std::string>();
  return std::vector<std::string>(manifest.class_names().begin(), manifest.class_names().end());
}

}  // namespace vitrine
