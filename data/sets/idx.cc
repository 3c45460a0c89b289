#include "data/sets/idx.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/sets/gzip.h"

namespace vitrine {
namespace {

// Twice the largest IDX set in use (EMNIST's 697,932 images).
constexpr size_t kMaxBytes = size_t{1} << 30;

// The magic number of unsigned bytes is this plus the number of dimensions.
constexpr uint32_t kUnsignedBytes = 0x0800;

struct Idx {
  std::vector<int64_t> sizes;
  std::string_view items;
};

uint32_t TakeBigEndian(std::string_view& bytes) {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  bytes.remove_prefix(4);
  return number;
}

// No product is formed that could overflow: a header may promise anything.
absl::Status CheckLength(const Idx& idx) {
  const std::string sizes = absl::StrJoin(idx.sizes, " x ");
  uint64_t left = idx.items.size();
  if (std::count(idx.sizes.begin(), idx.sizes.end(), 0) > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("is empty: the header says ", sizes, "; choose a file with data"));
  }
  uint64_t expected = 1;
  for (const uint64_t size : idx.sizes) {
    if (size > left) {
      return absl::DataLossError(absl::StrCat("truncated: the header promises ", sizes, " bytes, ",
                                              idx.items.size(), " follow it; get the file again"));
    }
    expected *= size;
    left /= size;
  }
  if (expected != idx.items.size()) {
    return absl::DataLossError(absl::StrCat("too long: the header promises ", sizes, " bytes, ",
                                            idx.items.size(), " follow it; get the file again"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Idx> ParseIdx(std::string_view bytes, size_t dimensions) {
  const size_t header_size = 4 * (1 + dimensions);
  const uint32_t magic = kUnsignedBytes + dimensions;
  if (bytes.size() < header_size) {
    return absl::DataLossError(absl::StrCat("truncated: ", bytes.size(),
                                            " bytes, the header takes ", header_size,
                                            "; get the file again"));
  }
  if (const uint32_t found = TakeBigEndian(bytes); found != magic) {
    return absl::InvalidArgumentError(
        absl::StrFormat("wrong magic number 0x%08x; an IDX file of %s begins with 0x%08x", found,
                        dimensions == 1 ? "labels" : "images", magic));
  }
  Idx idx;
  for (size_t i = 0; i < dimensions; ++i) idx.sizes.push_back(TakeBigEndian(bytes));
  idx.items = bytes;
  RETURN_IF_ERROR(CheckLength(idx));
  return idx;
}

absl::StatusOr<std::string> ReadPlainOrGzip(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  if (!IsGzip(bytes)) return bytes;
  return Annotate(Gunzip(bytes, kMaxBytes), path.string());
}

}  // namespace

absl::StatusOr<at::Tensor> ReadIdxImages(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadPlainOrGzip(path));
  ASSIGN_OR_RETURN(const Idx idx, Annotate(ParseIdx(bytes, 3), path.string()));
  at::Tensor images = at::empty({idx.sizes[0], 1, idx.sizes[1], idx.sizes[2]}, at::kByte);
  std::copy(idx.items.begin(), idx.items.end(), images.mutable_data_ptr<uint8_t>());
  return images;
}

absl::StatusOr<at::Tensor> ReadIdxLabels(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadPlainOrGzip(path));
  ASSIGN_OR_RETURN(const Idx idx, Annotate(ParseIdx(bytes, 1), path.string()));
  at::Tensor labels = at::empty({idx.sizes[0]}, at::kLong);
  std::transform(idx.items.begin(), idx.items.end(), labels.mutable_data_ptr<int64_t>(),
                 [](char label) { return static_cast<uint8_t>(label); });
  return labels;
}

}  // namespace vitrine
