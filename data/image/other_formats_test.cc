#include "data/image/other_formats.h"

#include <string>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/decode.h"
#include "data/image/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Files that Pillow wrote, and the beginnings of those that it does not write.
TEST(OtherFormatsTest, EachIsRefusedByItsName) {
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors,
                       ReadSafetensors("data/image/testdata/formats.safetensors"));
  int refused = 0;
  for (const auto& [key, tensor] : tensors) {
    std::string_view name = key;
    ASSERT_TRUE(absl::ConsumeSuffix(&name, "/file"));
    name = *absl::StrSplit(name, '/').begin();
    EXPECT_THAT(EncodedImage::Open(BytesOf(tensor)).status(),
                Fails(absl::StatusCode::kInvalidArgument, StartsWith(name)))
        << key;
    ++refused;
  }
  EXPECT_EQ(refused, 23);
}

std::string Message(std::string_view bytes) {
  return std::string(NeitherJpegNorPng(bytes).message());
}

TEST(OtherFormatsTest, PicturesComeWithACommand) {
  EXPECT_EQ(Message("RIFF....WEBP"),
            "a WebP; JPEG and PNG are read: convert it, for example with 'mogrify -format png "
            "FILE', and remove the original");
  EXPECT_THAT(Message("<svg/>"), HasSubstr("'rsvg-convert --output=FILE.png FILE'"));
  EXPECT_THAT(Message("%PDF-1.7"), HasSubstr("'pdftoppm -png FILE FILE'"));
  EXPECT_THAT(Message("\xff\x0a"), HasSubstr("'djxl FILE FILE.png'"));
  for (const char* other : {"<html>", "something", "RIFF", "BRIEF"}) {
    EXPECT_THAT(Message(other), AllOf(HasSubstr("JPEG and PNG are read"), Not(HasSubstr("'"))));
  }
  EXPECT_EQ(Message(""), "an empty file");
}

}  // namespace
}  // namespace vitrine
