#include "library/pictures.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/ops/concat.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/image/decode.h"
#include "data/image/image.h"

namespace vitrine {
namespace {

// The payload of an error of one picture, in digits.
constexpr std::string_view kPictureNumber = "vitrine/picture_number";

absl::Status CheckPixels(const vitrine_picture& picture, size_t stride) {
  const std::string size = absl::StrCat(picture.width, " x ", picture.height, " pixels");
  if (picture.width < 1 || picture.height < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(size, "; both must be positive, or both 0 for the bytes of a JPEG or PNG"));
  }
  if (int64_t{picture.width} * picture.height > kMostPixels) {
    return absl::InvalidArgumentError(absl::StrCat(size, " are more than ", kMostPixels));
  }
  const size_t row = size_t{3} * picture.width;
  if (stride < row) {
    return absl::InvalidArgumentError(
        absl::StrCat("a stride of ", stride, " bytes, and a row of the ", size, " has ", row));
  }
  const size_t rows_before_last = picture.height - 1;
  if (picture.size < row || (picture.size - row) / stride < rows_before_last) {
    return absl::InvalidArgumentError(absl::StrCat(picture.size, " bytes of data are too few for ",
                                                   size, " with a stride of ", stride));
  }
  return absl::OkStatus();
}

absl::StatusOr<Image> ImageOfPixels(const vitrine_picture& picture) {
  const size_t stride =
      picture.stride == 0 && picture.width > 0 ? size_t{3} * picture.width : picture.stride;
  RETURN_IF_ERROR(CheckPixels(picture, stride));
  Image image;
  image.Resize(picture.width, picture.height);
  const auto* row = static_cast<const uint8_t*>(picture.data);
  for (int y = 0; y < image.height; ++y, row += stride) {
    std::copy_n(row, size_t{3} * image.width, image.row(y));
  }
  return image;
}

absl::StatusOr<at::Tensor> Prepare(const Classifier& classifier, const vitrine_picture& picture) {
  if ((picture.path == nullptr) == (picture.data == nullptr)) {
    return absl::InvalidArgumentError(picture.path == nullptr
                                          ? "a picture needs a path or data, and has neither"
                                          : "a picture has a path and data; set one, not both");
  }
  if (picture.path != nullptr) {
    ASSIGN_OR_RETURN(const std::string bytes, ReadFile(picture.path));
    ASSIGN_OR_RETURN(PreparedImage prepared, classifier.Prepare(bytes));
    return std::move(prepared.input);
  }
  if (picture.width == 0 && picture.height == 0) {
    const std::string_view bytes(static_cast<const char*>(picture.data), picture.size);
    ASSIGN_OR_RETURN(PreparedImage prepared, classifier.Prepare(bytes));
    return std::move(prepared.input);
  }
  ASSIGN_OR_RETURN(Image image, ImageOfPixels(picture));
  ASSIGN_OR_RETURN(PreparedImage prepared, classifier.Prepare(std::move(image)));
  return std::move(prepared.input);
}

}  // namespace

absl::StatusOr<at::Tensor> PreparePictures(const Classifier& classifier,
                                           absl::Span<const vitrine_picture> pictures) {
  const int64_t count = static_cast<int64_t>(pictures.size());
  std::vector<absl::StatusOr<at::Tensor>> prepared(count, at::Tensor());
  at::parallel_for(0, count, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) prepared[i] = Prepare(classifier, pictures[i]);
  });
  std::vector<at::Tensor> inputs;
  for (int64_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(OfPicture(prepared[i].status(), pictures[i], i));
    inputs.push_back(*std::move(prepared[i]));
  }
  return at::concat(inputs);
}

absl::Status OfPicture(const absl::Status& status, const vitrine_picture& picture, int64_t number) {
  if (status.ok()) return status;
  const std::string name =
      picture.path != nullptr ? picture.path : absl::StrCat("pictures[", number, "]");
  // ReadFile has named it already.
  absl::Status named = absl::StartsWith(status.message(), name) ? status : Annotate(status, name);
  named.SetPayload(kPictureNumber, absl::Cord(absl::StrCat(number)));
  return named;
}

int64_t PictureNumber(const absl::Status& status) {
  int64_t number = -1;
  if (const auto payload = status.GetPayload(kPictureNumber)) {
    if (!absl::SimpleAtoi(std::string(*payload), &number)) return -1;
  }
  return number;
}

}  // namespace vitrine
