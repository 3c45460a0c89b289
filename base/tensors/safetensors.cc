#include "base/tensors/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/ops/empty.h"
#include "ATen/ops/from_blob.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

struct Type {
  std::string_view name;
  at::ScalarType scalar;
};

constexpr Type kTypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16},
    {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte},  {"BOOL", at::kBool},
};

std::string_view TypeName(at::ScalarType scalar) {
  for (const Type& type : kTypes) {
    if (type.scalar == scalar) return type.name;
  }
  LOG(FATAL) << "safetensors: cannot store " << c10::toString(scalar);
}

std::optional<at::ScalarType> TypeOf(std::string_view name) {
  for (const Type& type : kTypes) {
    if (type.name == name) return type.scalar;
  }
  return std::nullopt;
}

std::string_view Bytes(const at::Tensor& contiguous) {
  return {static_cast<const char*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

std::string Header(const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                   const SafetensorsMetadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", TypeName(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = CompactJson(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the numbers are aligned
  uint64_t length = text.size();
  std::string result(kLengthBytes, '\0');
  std::memcpy(result.data(), &length, kLengthBytes);
  return result + text;
}

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("not a whole safetensors file: ", what));
}

absl::Status DamagedTensor(std::string_view name, std::string_view what) {
  return Damaged(absl::StrCat("tensor '", name, "': ", what));
}

// One entry of the header, checked by itself.
struct Entry {
  at::ScalarType type;
  std::vector<int64_t> shape;
  uint64_t begin, end;  // within the bytes after the header
};

absl::StatusOr<std::vector<int64_t>> ParseShape(const SortedJson& json, uint64_t* elements) {
  if (!json.is_array()) return absl::DataLossError("its shape is not a list");
  std::vector<int64_t> shape;
  *elements = 1;
  for (const SortedJson& size : json) {
    if (!size.is_number_unsigned() || size.get<uint64_t>() > INT64_MAX) {
      return absl::DataLossError("its shape has a size that is not a count");
    }
    if (__builtin_mul_overflow(*elements, size.get<uint64_t>(), elements)) {
      return absl::DataLossError("its shape is too large");
    }
    shape.push_back(size.get<int64_t>());
  }
  return shape;
}

absl::StatusOr<Entry> ParseEntry(const SortedJson& json) {
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets")) {
    return absl::DataLossError("it needs dtype, shape and data_offsets, and nothing else");
  }
  const SortedJson& dtype = json["dtype"];
  const auto type = dtype.is_string() ? TypeOf(dtype.get<std::string>()) : std::nullopt;
  if (!type) return absl::DataLossError("its dtype is unknown");
  uint64_t elements = 0;
  ASSIGN_OR_RETURN(std::vector<int64_t> shape, ParseShape(json["shape"], &elements));
  const SortedJson& offsets = json["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    return absl::DataLossError("its data_offsets are not two counts");
  }
  Entry entry{*type, std::move(shape), offsets[0], offsets[1]};
  uint64_t bytes;
  if (__builtin_mul_overflow(elements, uint64_t{c10::elementSize(*type)}, &bytes) ||
      entry.begin > entry.end || entry.end - entry.begin != bytes) {
    return absl::DataLossError("its data_offsets do not fit its shape");
  }
  return entry;
}

// What Git LFS leaves in the place of a file.
constexpr std::string_view kPointer = "version https://git-lfs.github.com/";

absl::StatusOr<SortedJson> ParseHeader(std::string_view bytes, std::string_view* data) {
  if (bytes.substr(0, kPointer.size()) == kPointer) {
    return Damaged("a pointer of Git LFS is in its place; get it with git lfs pull");
  }
  if (bytes.size() < kLengthBytes) return Damaged("it is shorter than 8 bytes");
  uint64_t length;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  bytes.remove_prefix(kLengthBytes);
  if (length > kMaxHeaderBytes) {
    return Damaged(absl::StrCat("its header is said to have ", length, " bytes, the most is ",
                                kMaxHeaderBytes));
  }
  if (length > bytes.size()) return Damaged("the header is cut short");
  SortedJson header = ParseLargeJson(bytes.substr(0, length));
  if (!header.is_object()) return Damaged("the header is not JSON, or names a tensor twice");
  *data = bytes.substr(length);
  return header;
}

// Every byte belongs to exactly one tensor: no overlap, no hole, no tail.
absl::Status CheckCoverage(const std::map<std::string, Entry>& entries, uint64_t size) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const auto& [name, entry] : entries) ranges.emplace_back(entry.begin, entry.end);
  std::sort(ranges.begin(), ranges.end());
  uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) return Damaged("tensors overlap, or bytes between them are unused");
    covered = end;
  }
  if (covered != size) {
    return Damaged(
        absl::StrCat("the header promises ", covered, " bytes of numbers, ", size, " are there"));
  }
  return absl::OkStatus();
}

// In the memory that starts at `data` and belongs to `owner`: a checkpoint is of gigabytes, and
// pages to copy it into take longer than the copy.
at::Tensor ToTensor(const Entry& entry, const std::shared_ptr<std::string>& owner, char* data) {
  if (entry.begin == entry.end) return at::empty(entry.shape, entry.type);
  char* const begin = data + entry.begin;
  if (reinterpret_cast<uintptr_t>(begin) % c10::elementSize(entry.type) == 0) {
    return at::from_blob(
        begin, entry.shape, [owner](void* /*begin*/) {}, entry.type);
  }
  at::Tensor copy = at::empty(entry.shape, entry.type);
  std::memcpy(copy.mutable_data_ptr(), begin, entry.end - entry.begin);
  return copy;
}

}  // namespace

absl::StatusOr<FileDigest> WriteSafetensors(const std::filesystem::path& path,
                                            const TensorMap& tensors,
                                            const SafetensorsMetadata& metadata) {
  std::vector<std::pair<std::string, at::Tensor>> contiguous;
  for (const auto& [name, tensor] : tensors) {
    contiguous.emplace_back(name, tensor.detach().to(at::kCPU).contiguous());
  }
  const std::string header = Header(contiguous, metadata);
  std::vector<std::string_view> pieces = {header};
  for (const auto& [name, tensor] : contiguous) pieces.push_back(Bytes(tensor));
  FileDigest digest;
  for (const std::string_view piece : pieces) {
    digest.size += piece.size();
    digest.crc32c = Crc32c(piece, digest.crc32c);
  }
  RETURN_IF_ERROR(WriteAndSync(path, pieces));
  return digest;
}

absl::StatusOr<TensorMap> ParseSafetensors(std::string bytes) {
  const auto owner = std::make_shared<std::string>(std::move(bytes));
  std::string_view data;
  ASSIGN_OR_RETURN(const SortedJson header, ParseHeader(*owner, &data));
  std::map<std::string, Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") continue;
    // Names stand in messages of one line.
    if (std::any_of(name.begin(), name.end(), absl::ascii_iscntrl)) {
      return Damaged("a tensor's name has control characters");
    }
    absl::StatusOr<Entry> entry = ParseEntry(json);
    if (!entry.ok()) return DamagedTensor(name, entry.status().message());
    entries.emplace(name, *std::move(entry));
  }
  RETURN_IF_ERROR(CheckCoverage(entries, data.size()));
  TensorMap tensors;
  char* const begin = owner->data() + (owner->size() - data.size());
  for (const auto& [name, entry] : entries) tensors.emplace(name, ToTensor(entry, owner, begin));
  return tensors;
}

absl::StatusOr<TensorMap> ReadSafetensors(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  return Annotate(ParseSafetensors(std::move(bytes)), path.string());
}

}  // namespace vitrine
