#include "train/checkpoint/weight_files.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "base/tensors/safetensors.h"
#include "train/checkpoint/json_fields.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWhole = "model.safetensors", kIndex = "model.safetensors.index.json";
constexpr std::string_view kPickles[] = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".tar"};
constexpr std::string_view kOthers[] = {".npz", ".onnx", ".h5", ".msgpack"};
constexpr std::string_view kFolderOfPickles = "pytorch_model.bin";

bool HasEnding(const fs::path& path, std::span<const std::string_view> endings) {
  return std::count(endings.begin(), endings.end(), path.extension().string()) > 0;
}

// As one word of a shell's command.
std::string Quoted(const fs::path& path) {
  return absl::StrCat("'", absl::StrReplaceAll(path.string(), {{"'", "'\\''"}}), "'");
}

// The state under the names that timm's and others' training scripts give it.
constexpr char kConversion[] =
    "import sys, torch, safetensors.torch; d = torch.load(sys.argv[1], map_location='cpu', "
    "weights_only=True); d = getattr(d, 'state_dict', lambda: d)(); d = next((d[k] for k in "
    "('state_dict_ema', 'model_ema', 'state_dict', 'model') if k in d), d); "
    "safetensors.torch.save_file({k: v.contiguous().clone() for k, v in d.items() if "
    "torch.is_tensor(v)}, sys.argv[2])";

absl::Status RefusePickle(const fs::path& path, const fs::path& converted) {
  return absl::UnimplementedError(absl::StrCat(
      path.string(),
      ": a pickle, which may run any code when it is read; if you trust it, convert it: python3 -c "
      "\"",
      kConversion, "\" ", Quoted(path), " ", Quoted(converted),
      "; a pickle of more than tensors needs weights_only=False there"));
}

absl::Status RefuseFile(const fs::path& path) {
  if (HasEnding(path, kPickles)) {
    return RefusePickle(path, fs::path(path).replace_extension(".safetensors"));
  }
  return absl::UnimplementedError(
      absl::StrCat(path.string(),
                   ": is no safetensors file; write one with the package that the weights are of"));
}

absl::StatusOr<TensorMap> ReadParts(const fs::path& folder) {
  const fs::path index = folder / kIndex;
  ASSIGN_OR_RETURN(const std::string text, ReadFile(index));
  ASSIGN_OR_RETURN(const WeightIndex files, ParseWeightIndex(text, index.string()));
  std::set<std::string> names;
  for (const auto& [tensor, file] : files) names.insert(file);
  TensorMap all;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(TensorMap part, ReadSafetensors(folder / name));
    for (auto& [tensor, values] : part) {
      const auto entry = files.find(tensor);
      if (entry == files.end() || entry->second != name) {
        return absl::DataLossError(absl::StrCat((folder / name).string(), ": ", tensor,
                                                " is not in it by ", index.string()));
      }
      all.emplace(tensor, std::move(values));
    }
  }
  for (const auto& [tensor, file] : files) {
    if (all.count(tensor) == 0) {
      return absl::DataLossError(absl::StrCat((folder / file).string(), ": has no tensor ", tensor,
                                              ", which ", index.string(), " says is in it"));
    }
  }
  return all;
}

}  // namespace

absl::StatusOr<WeightIndex> ParseWeightIndex(std::string_view json, std::string_view name) {
  ASSIGN_OR_RETURN(JsonFields fields, JsonFields::Parse(json, name));
  const auto bad = [&](std::string_view what) {
    return absl::DataLossError(absl::StrCat(name, ": weight_map: ", what));
  };
  if (!fields.Has("weight_map") || !fields.Get("weight_map").is_object()) {
    return bad("is not there, which says where each tensor is");
  }
  WeightIndex files;
  for (const auto& [tensor, value] : fields.Get("weight_map").items()) {
    const std::string escaped = absl::Utf8SafeCHexEscape(tensor);  // of one line
    if (!value.is_string()) return bad(absl::StrCat(escaped, " has no file's name"));
    const auto file = value.get<std::string>();
    const bool is_plain = fs::path(file).filename() == file && file != "." && file != "..";
    if (!is_plain) {
      return bad(absl::StrCat(escaped, " is in '", absl::Utf8SafeCHexEscape(file),
                              "', which is no file beside the index"));
    }
    files.emplace(tensor, file);
  }
  if (files.empty()) return bad("names no tensor");
  return files;
}

bool IsWeightFiles(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    return path.extension() == ".safetensors" || HasEnding(path, kPickles) ||
           HasEnding(path, kOthers);
  }
  if (fs::exists(path / "manifest.pb", ignored)) return false;
  return fs::exists(path / kWhole, ignored) || fs::exists(path / kIndex, ignored) ||
         fs::exists(path / kFolderOfPickles, ignored);
}

absl::StatusOr<TensorMap> ReadWeightFiles(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    if (path.extension() != ".safetensors" && Exists(path)) return RefuseFile(path);
    return ReadSafetensors(path);
  }
  // As transformers, which passes over an index beside the whole.
  if (fs::exists(path / kWhole, ignored)) return ReadSafetensors(path / kWhole);
  if (fs::exists(path / kIndex, ignored)) return ReadParts(path);
  return RefusePickle(path / kFolderOfPickles, path / kWhole);
}

}  // namespace vitrine
