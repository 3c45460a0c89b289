#include "eval/embedding_file.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/files/json.h"
#include "base/files/new_file.h"
#include "base/status_macros.h"
#include "base/tensors/npy.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

absl::Status CheckLines(const std::vector<std::string>& names) {
  const auto broken = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return name.find_first_of("\n\r") != std::string::npos;
  });
  if (broken == names.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(CompactJson(*broken),
                   ": has a line break in its name, and names are written a "
                   "line each; rename it, or write .safetensors"));
}

// The header's JSON, as the format has it (base/tensors/safetensors.h).
std::string SafetensorsJson(const std::vector<std::string>& names,
                            const std::vector<int64_t>& sizes) {
  int64_t bytes = sizeof(float);
  for (const int64_t size : sizes) bytes *= size;
  return CompactJson(
      {{"__metadata__", {{"files", CompactJson(Json(names))}}},
       {"features", {{"dtype", "F32"}, {"shape", sizes}, {"data_offsets", {0, bytes}}}}});
}

constexpr size_t kMostJson = 100'000'000;  // the format's own limit

// With its length in front, together at least so many bytes, which are a multiple of 8. Spaces
// behind the JSON are part of it.
std::string WithLength(std::string json, size_t at_least) {
  json.resize(std::max((json.size() + 15) / 8 * 8, at_least) - sizeof(uint64_t), ' ');
  const uint64_t count = json.size();
  std::string bytes(sizeof(count), '\0');
  std::memcpy(bytes.data(), &count, sizeof(count));
  return bytes + json;
}

absl::Status CheckFitsHeader(const std::vector<std::string>& names) {
  if (SafetensorsJson(names, {}).size() < kMostJson - 1000) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      names.size(), " names do not fit into the header of a safetensors file; write .npy"));
}

bool IsUtf8(const std::string& name) { return ParseJson(CompactJson(name)) == Json(name); }

}  // namespace

absl::Status CheckMetadataNames(const std::vector<std::string>& names) {
  const auto other = std::find_if_not(names.begin(), names.end(), IsUtf8);
  if (other == names.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(absl::CHexEscape(*other),
                   ": its name is not UTF-8, as names in a safetensors file must be; rename it"));
}

fs::path NamesPath(const fs::path& npy) { return fs::path(npy).replace_extension(".txt"); }

absl::StatusOr<EmbeddingFile> EmbeddingFile::Create(const fs::path& path,
                                                    std::vector<std::string> names) {
  const bool is_npy = path.extension() == ".npy";
  if (!is_npy && path.extension() != ".safetensors") {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ": its name must end with .npy or .safetensors"));
  }
  RETURN_IF_ERROR(CheckCanBeFile(path));
  RETURN_IF_ERROR(CheckIsNew(path));
  if (is_npy) RETURN_IF_ERROR(CheckIsNew(NamesPath(path)));
  if (is_npy) {
    RETURN_IF_ERROR(CheckLines(names));
  } else {
    RETURN_IF_ERROR(CheckMetadataNames(names));
    RETURN_IF_ERROR(CheckFitsHeader(names));
  }
  ASSIGN_OR_RETURN(FileWriter numbers, FileWriter::Create(path));
  std::optional<FileWriter> lines;
  if (is_npy) {
    ASSIGN_OR_RETURN(FileWriter created, FileWriter::Create(NamesPath(path)));
    lines.emplace(std::move(created));
  }
  return EmbeddingFile(std::move(numbers), std::move(lines), std::move(names));
}

EmbeddingFile::EmbeddingFile(FileWriter numbers, std::optional<FileWriter> lines,
                             std::vector<std::string> names)
    : numbers_(std::move(numbers)), lines_(std::move(lines)), names_(std::move(names)) {}

std::string EmbeddingFile::Header(const std::vector<int64_t>& sizes) const {
  return IsNpy() ? NpyHeader(sizes) : WithLength(SafetensorsJson(names_, sizes), header_);
}

absl::Status EmbeddingFile::Append(const at::Tensor& rows, const at::Tensor& indices) {
  CHECK_EQ(rows.size(0), indices.size(0));
  if (header_ == 0) {
    sizes_ = rows.sizes().vec();
    sizes_[0] = static_cast<int64_t>(names_.size());  // as if all came
    const std::string header = Header(sizes_);
    RETURN_IF_ERROR(numbers_.Append(header));
    header_ = header.size();
    sizes_[0] = 0;
  }
  CHECK(rows.sizes().slice(1) == at::IntArrayRef(sizes_).slice(1));
  sizes_[0] += rows.size(0);
  for (int64_t i = 0; i < indices.size(0); ++i) came_.push_back(indices[i].item<int64_t>());
  const at::Tensor numbers = rows.to(at::kCPU, at::kFloat).contiguous();
  return numbers_.Append({static_cast<const char*>(numbers.const_data_ptr()), numbers.nbytes()});
}

absl::Status EmbeddingFile::Commit() {
  CHECK(!came_.empty());
  if (came_.size() < names_.size()) {
    std::vector<std::string> names;
    for (const int64_t index : came_) names.push_back(std::move(names_.at(index)));
    names_ = std::move(names);
    const std::string header = Header(sizes_);
    CHECK_EQ(header.size(), header_);
    RETURN_IF_ERROR(numbers_.ReplaceStart(header));
  }
  if (!IsNpy()) return numbers_.Commit();
  for (const std::string& name : names_) RETURN_IF_ERROR(lines_->Append(name + "\n"));
  RETURN_IF_ERROR(lines_->Complete());
  RETURN_IF_ERROR(numbers_.Complete());
  RETURN_IF_ERROR(lines_->Commit());
  return numbers_.Commit();
}

}  // namespace vitrine
