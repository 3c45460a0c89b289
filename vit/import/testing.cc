#include "vit/import/testing.h"

#include "absl/strings/strip.h"
#include "base/files/embedded_file.h"
#include "base/tensors/safetensors.h"
#include "glog/logging.h"
#include "vit/import/embedded_models.h"

namespace vitrine {
namespace {

std::string NameOf(const EmbeddedFile& file) {
  return std::string(absl::StripSuffix(file.name, ".safetensors"));
}

}  // namespace

std::vector<std::string> PackageModelNames() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : EmbeddedModels()) names.push_back(NameOf(file));
  return names;
}

PackageModel LoadPackageModel(std::string_view name) {
  PackageModel model;
  for (const EmbeddedFile& file : EmbeddedModels()) {
    if (NameOf(file) != name) continue;
    const TensorMap all = ParseSafetensors(std::string(file.contents)).value();
    for (const auto& [key, tensor] : all) {
      std::string_view rest = key;
      if (absl::ConsumePrefix(&rest, "weights/")) model.weights.emplace(rest, tensor);
    }
    model.images = all.at("images");
    model.logits = all.at("logits");
  }
  CHECK(model.images.defined()) << name;
  return model;
}

}  // namespace vitrine
