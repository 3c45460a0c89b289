#include "data/sets/digits.h"

#include <cstdint>
#include <string>
#include <utility>

#include "ATen/ops/empty.h"
#include "ATen/ops/upsample_bilinear2d.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "data/sets/digits_csv.h"
#include "data/sets/gzip.h"
#include "data/split.h"

namespace vitrine {
namespace {

constexpr int64_t kCount = 1797;
constexpr int64_t kPixels = 8 * 8;
constexpr int kMaxPixel = 16;
constexpr int64_t kSize = 28;
constexpr size_t kMaxCsvBytes = 1 << 20;

// The same whatever the run's seed: what one run is tested on, no other trains on.
constexpr int64_t kTestSize = 360;
constexpr uint64_t kTestSeed = 1;

// Writes the line's pixels and its label.
absl::Status ParseLine(std::string_view line, double* pixels, int64_t* label) {
  const std::vector<std::string_view> fields = absl::StrSplit(line, ',');
  if (fields.size() != kPixels + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("must have ", kPixels + 1, " numbers, has ", fields.size()));
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool is_label = i == kPixels;
    const int max = is_label ? 9 : kMaxPixel;
    int number;
    if (!absl::SimpleAtoi(fields[i], &number) || number < 0 || number > max) {
      return absl::InvalidArgumentError(absl::StrCat(is_label ? "label" : "pixel", " '", fields[i],
                                                     "' must be a number from 0 to ", max));
    }
    if (is_label) {
      *label = number;
    } else {
      pixels[i] = number;
    }
  }
  return absl::OkStatus();
}

// Every exact result is a multiple of 255 / (14 * 14 * 16), so many lie just between two bytes.
// They go up, whatever the rounding errors of the processor's way to add: those are far below 1e-6.
at::Tensor EnlargeToBytes(const at::Tensor& pixels) {
  const at::Tensor enlarged =
      at::upsample_bilinear2d(pixels, {kSize, kSize}, /*align_corners=*/false);
  return enlarged.mul(255.0 / kMaxPixel).add(0.5 + 1e-6).floor().to(at::kByte);
}

}  // namespace

absl::StatusOr<ImageSet> ParseDigits(std::string_view csv) {
  if (!csv.empty() && csv.back() == '\n') csv.remove_suffix(1);
  const std::vector<std::string_view> lines = absl::StrSplit(csv, '\n');
  const int64_t count = lines.size();
  const at::Tensor pixels = at::empty({count, 1, 8, 8}, at::kDouble);
  const at::Tensor labels = at::empty({count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(Annotate(ParseLine(lines[i], pixels.mutable_data_ptr<double>() + i * kPixels,
                                       labels.mutable_data_ptr<int64_t>() + i),
                             absl::StrCat("digits.csv: line ", i + 1)));
  }
  return ImageSet{EnlargeToBytes(pixels), labels};
}

absl::StatusOr<ImageSet> ReadDigits() {
  const std::string_view packed = DigitsCsv().front().contents;
  ASSIGN_OR_RETURN(const std::string csv, Annotate(Gunzip(packed, kMaxCsvBytes), "digits.csv.gz"));
  ASSIGN_OR_RETURN(ImageSet set, ParseDigits(csv));
  if (set.size() != kCount) {
    return absl::DataLossError(absl::StrCat("digits.csv: must have ", kCount, " lines, has ",
                                            set.size(), "; build again"));
  }
  return set;
}

absl::StatusOr<SplitDigits> ReadSplitDigits() {
  ASSIGN_OR_RETURN(const ImageSet all, ReadDigits());
  const HoldOut split = HoldOutStratified(Labels(all), kTestSize, kTestSeed);
  return SplitDigits{Select(all, split.kept), Select(all, split.held)};
}

std::vector<std::string> DigitNames() { return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; }

absl::StatusOr<LoadedSet> LoadDigits(const std::filesystem::path& /*ignored*/) {
  ASSIGN_OR_RETURN(SplitDigits digits, ReadSplitDigits());
  return InMemory("digits", DigitNames(), std::move(digits.train), std::move(digits.test));
}

}  // namespace vitrine
