#include "data/sets/gzip.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kLimit = 1 << 20;

std::string SomeText(int words) {
  RandomStream stream(1, "gzip_test");
  std::string text;
  for (int i = 0; i < words; ++i) absl::StrAppend(&text, stream.Below(50), " ");
  return text;
}

TEST(GunzipTest, ContentsComeBack) {
  for (const int words : {0, 1, 100, 100'000}) {
    const std::string text = SomeText(words);
    ASSERT_OK_AND_ASSIGN(const std::string read, Gunzip(Gzip(text), kLimit));
    EXPECT_EQ(read, text);
  }
}

TEST(GunzipTest, MembersAreJoined) {
  const std::string text = SomeText(1000);
  ASSERT_OK_AND_ASSIGN(const std::string read,
                       Gunzip(Gzip(text) + Gzip("") + Gzip("the end"), kLimit));
  EXPECT_EQ(read, text + "the end");
}

TEST(GunzipTest, LimitIsExact) {
  const std::string packed = Gzip(std::string(100'000, 'x'));
  EXPECT_OK(Gunzip(packed, 100'000));
  EXPECT_THAT(Gunzip(packed, 99'999),
              Fails(absl::StatusCode::kResourceExhausted, HasSubstr("99999 bytes")));
}

TEST(GunzipTest, BombIsRefusedWhateverItsTrailerSays) {
  std::string packed = Gzip(std::string(2 * kLimit, 'x'));
  packed.replace(packed.size() - 4, 4, std::string(4, '\1'));
  EXPECT_THAT(Gunzip(packed, kLimit),
              Fails(absl::StatusCode::kResourceExhausted, HasSubstr("1048576 bytes allowed")));
}

TEST(GunzipTest, LimitHoldsForAllMembersTogether) {
  const std::string half(600'000, 'x');
  EXPECT_THAT(Gunzip(Gzip(half) + Gzip(half), kLimit),
              Fails(absl::StatusCode::kResourceExhausted, HasSubstr("more than")));
}

TEST(GunzipTest, EveryTruncationFails) {
  const std::string packed = Gzip(SomeText(200));
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THAT(Gunzip(packed.substr(0, size), kLimit),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("corrupt or truncated")))
        << size << " bytes";
  }
}

TEST(GunzipTest, RubbishAfterTheEndFails) {
  const std::string packed = Gzip("text");
  EXPECT_THAT(Gunzip(packed + "x", kLimit), Fails(absl::StatusCode::kDataLoss, HasSubstr("gzip")));
  EXPECT_THAT(Gunzip(packed + packed.substr(0, 12), kLimit), Not(IsOk()));
}

// The time and the system in the header, and the padding after the last code, change nothing; every
// other bit is caught.
TEST(GunzipTest, NoFlippedBitChangesTheContents) {
  const std::string text = SomeText(200);
  std::string packed = Gzip(text);
  int harmless = 0;
  for (size_t bit = 0; bit < 8 * packed.size(); ++bit) {
    packed[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    const absl::StatusOr<std::string> read = Gunzip(packed, kLimit);
    if (read.ok()) {
      ++harmless;
      EXPECT_EQ(*read, text) << "bit " << bit;
    }
    packed[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
  EXPECT_LT(harmless, 80 + 8);
}

TEST(IsGzipTest, GoesByTheFirstTwoBytes) {
  EXPECT_TRUE(IsGzip(Gzip("")));
  EXPECT_FALSE(IsGzip("\x1f"));
  EXPECT_FALSE(IsGzip(IdxLabels(3)));
}

}  // namespace
}  // namespace vitrine
