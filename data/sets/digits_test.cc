#include "data/sets/digits.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/crc32c.h"
#include "base/status_matchers.h"
#include "data/sets/digits_csv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A line whose 64 pixels are all the same.
std::string Line(int pixel, int label) {
  return absl::StrCat(absl::StrJoin(std::array<int, 64>{}, ",",
                                    [&](std::string* out, int) { absl::StrAppend(out, pixel); }),
                      ",", label, "\n");
}

std::string_view Bytes(const at::Tensor& images) {
  return {reinterpret_cast<const char*>(images.const_data_ptr<uint8_t>()),
          static_cast<size_t>(images.numel())};
}

TEST(DigitsTest, EmbeddedFileKeepsItsName) {
  ASSERT_EQ(DigitsCsv().size(), 1);
  EXPECT_EQ(DigitsCsv()[0].name, "digits.csv.gz");
}

TEST(DigitsTest, CountsByClassAreThePublishedOnes) {
  ASSERT_OK_AND_ASSIGN(const ImageSet set, ReadDigits());
  EXPECT_THAT(set.images.sizes(), ElementsAre(1797, 1, 28, 28));
  EXPECT_EQ(set.images.scalar_type(), at::kByte);
  std::array<int, 10> count{};
  for (const int64_t label : Labels(set)) ++count.at(label);
  EXPECT_THAT(count, ElementsAre(178, 182, 177, 183, 181, 182, 181, 179, 174, 180));
}

// From the same enlargement in exact integers (Python; halves rounded up): the pixels may neither
// depend on the processor nor change with libtorch.
TEST(DigitsTest, PixelsStayTheSameForEver) {
  ASSERT_OK_AND_ASSIGN(const ImageSet set, ReadDigits());
  EXPECT_EQ(Crc32c(Bytes(set.images)), 3213260405u);
}

TEST(DigitsTest, FlatImagesStayFlatAndHalvesGoUp) {
  ASSERT_OK_AND_ASSIGN(const ImageSet set,
                       ParseDigits(Line(0, 1) + Line(8, 2) + Line(16, 3) + Line(1, 4)));
  EXPECT_THAT(Labels(set), ElementsAre(1, 2, 3, 4));
  const std::array<uint8_t, 4> expected = {0, 128, 255, 16};  // 127.5 and 15.9375
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string_view image = Bytes(set.images).substr(i * 784, 784);
    EXPECT_EQ(std::count(image.begin(), image.end(), static_cast<char>(expected[i])), 784);
  }
}

// The position of pixel x among the 8 is (x + 0.5) / 3.5 - 0.5, held at the edges.
TEST(DigitsTest, PixelsBetweenAreInterpolated) {
  std::string line = Line(0, 0);
  for (int row = 0; row < 8; ++row) line[16 * row] = '7';  // the first column
  ASSERT_OK_AND_ASSIGN(const ImageSet set, ParseDigits(line));
  const auto* row = set.images.const_data_ptr<uint8_t>() + 10 * 28;
  // 7 / 16 * 255 * (1, 1, 11/14, 7/14, 3/14, 0)
  const int full = 112;
  EXPECT_THAT(std::vector<int>(row, row + 6), ElementsAre(full, full, 88, 56, 24, 0));
}

TEST(DigitsTest, WrongLinesAreNamed) {
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ParseDigits(Line(1, 1) + "1,2,3\n"),
              Fails(code, HasSubstr("digits.csv: line 2: must have 65 numbers, has 3")));
  EXPECT_THAT(ParseDigits(Line(17, 1)),
              Fails(code, HasSubstr("line 1: pixel '17' must be a number from 0 to 16")));
  EXPECT_THAT(ParseDigits(Line(-1, 1)), Fails(code, HasSubstr("pixel '-1'")));
  EXPECT_THAT(ParseDigits(Line(1, 10)), Fails(code, HasSubstr("label '10'")));
  EXPECT_THAT(ParseDigits("x" + Line(1, 1)), Fails(code, HasSubstr("pixel 'x1'")));
  EXPECT_THAT(ParseDigits(Line(1, 1) + "\n"), Fails(code, HasSubstr("line 2")));
  EXPECT_THAT(ParseDigits(""), Fails(code, HasSubstr("line 1")));
}

}  // namespace
}  // namespace vitrine
