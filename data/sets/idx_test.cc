#include "data/sets/idx.h"

#include <filesystem>
#include <limits>
#include <string>

#include "ATen/core/Tensor.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class IdxTest : public ::testing::Test {
 protected:
  absl::StatusOr<at::Tensor> ReadImages(const std::string& bytes) const {
    WriteTestFile(path_, bytes);
    return ReadIdxImages(path_);
  }

  absl::StatusOr<at::Tensor> ReadLabels(const std::string& bytes) const {
    WriteTestFile(path_, bytes);
    return ReadIdxLabels(path_);
  }

  const std::filesystem::path path_ = EmptyFolder("idx_test") / "some-idx";
};

TEST_F(IdxTest, PlainAndGzipGiveTheSameImages) {
  const std::string file = IdxImages(3, 4, 5);
  for (const std::string& bytes : {file, Gzip(file)}) {
    ASSERT_OK_AND_ASSIGN(const at::Tensor images, ReadImages(bytes));
    EXPECT_EQ(images.scalar_type(), at::kByte);
    EXPECT_THAT(images.sizes(), ElementsAre(3, 1, 4, 5));
    for (int i = 0; i < 3 * 4 * 5; ++i) EXPECT_EQ(images.const_data_ptr<uint8_t>()[i], i % 251);
  }
}

TEST_F(IdxTest, LabelsArePositiveUpTo255) {
  ASSERT_OK_AND_ASSIGN(const at::Tensor labels, ReadLabels(IdxFile({3}, "\x01\x7f\xff")));
  EXPECT_EQ(labels.scalar_type(), at::kLong);
  const int64_t* data = labels.const_data_ptr<int64_t>();
  EXPECT_THAT(std::vector<int64_t>(data, data + 3), ElementsAre(1, 127, 255));
}

TEST_F(IdxTest, MissingFile) {
  EXPECT_THAT(ReadIdxImages(path_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("some-idx: cannot open")));
}

TEST_F(IdxTest, WrongMagic) {
  std::string bytes = IdxImages(1, 2, 2);
  bytes[2] = 0x0D;  // floats
  EXPECT_THAT(ReadImages(bytes), Fails(absl::StatusCode::kInvalidArgument,
                                       AllOf(HasSubstr("some-idx: wrong magic number 0x00000d03"),
                                             HasSubstr("0x00000803"))));
}

TEST_F(IdxTest, LabelsAreNotImagesNorTheOtherWayRound) {
  EXPECT_THAT(ReadImages(IdxLabels(20)),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("wrong magic number")));
  EXPECT_THAT(ReadLabels(IdxImages(1, 2, 2)),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("wrong magic number")));
}

TEST_F(IdxTest, CorruptGzip) {
  std::string bytes = Gzip(IdxImages(3, 4, 5));
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_THAT(ReadImages(bytes),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("some-idx: corrupt or truncated gzip")));
}

// The whole file in the place of the damaged one is all that it takes.
TEST_F(IdxTest, DamagedFileThatIsGottenAgain) {
  const std::string bytes = IdxImages(3, 4, 5);
  for (const std::string& damaged :
       {bytes.substr(0, 10), bytes.substr(0, 20), bytes + "x", Gzip(bytes).substr(0, 30)}) {
    EXPECT_THAT(ReadImages(damaged),
                Fails(absl::StatusCode::kDataLoss,
                      AllOf(HasSubstr("some-idx: "), HasSubstr("; get the file again"))));
    EXPECT_OK(ReadImages(bytes));
  }
}

TEST_F(IdxTest, EveryTruncatedLengthOfAPlainFileFails) {
  const std::string bytes = IdxImages(3, 4, 5);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ReadImages(bytes.substr(0, size)),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("some-idx: truncated")))
        << size << " bytes";
  }
}

TEST_F(IdxTest, EveryTruncatedLengthOfAGzipFileFails) {
  const std::string bytes = Gzip(IdxImages(3, 4, 5));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(ReadImages(bytes.substr(0, size)),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("some-idx: ")))
        << size << " bytes";
  }
}

// A flipped bit in a field that gzip does not need (a time, a system) is harmless; no other may
// pass, least of all as other pixels.
TEST_F(IdxTest, NoFlippedBitOfAGzipFileChangesTheImages) {
  const std::string file = IdxImages(3, 4, 5);
  std::string bytes = Gzip(file);
  ASSERT_OK_AND_ASSIGN(const at::Tensor original, ReadImages(bytes));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    const absl::StatusOr<at::Tensor> images = ReadImages(bytes);
    if (images.ok()) {
      EXPECT_TRUE(images->equal(original)) << "bit " << bit;
    } else {
      EXPECT_THAT(images, AnyOf(Fails(absl::StatusCode::kDataLoss, HasSubstr("some-idx: ")),
                                Fails(absl::StatusCode::kInvalidArgument, HasSubstr("magic"))));
    }
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
}

TEST_F(IdxTest, NoFlippedBitOfAPlainHeaderPasses) {
  std::string bytes = IdxImages(3, 4, 5);
  for (size_t bit = 0; bit < 8 * 16; ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_THAT(ReadImages(bytes), Not(IsOk())) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
}

TEST_F(IdxTest, TrailingBytes) {
  EXPECT_THAT(ReadImages(IdxImages(3, 4, 5) + "x"),
              Fails(absl::StatusCode::kDataLoss,
                    HasSubstr("some-idx: too long: the header promises 3 x 4 x 5 bytes, 61")));
}

TEST_F(IdxTest, HugeDimensionsNeitherOverflowNorAllocate) {
  constexpr uint32_t kHuge = std::numeric_limits<uint32_t>::max();
  EXPECT_THAT(ReadImages(IdxFile({kHuge, kHuge, kHuge}, "abcd")),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("some-idx: truncated")));
  // 2^16 * 2^24 * 2^24 is 2^64, which is 0 when it overflows.
  EXPECT_THAT(ReadImages(IdxFile({1 << 16, 1 << 24, 1 << 24}, "")),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("some-idx: truncated")));
}

TEST_F(IdxTest, EmptyDataSet) {
  EXPECT_THAT(ReadImages(IdxImages(0, 28, 28)),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("some-idx: is empty")));
  EXPECT_THAT(ReadLabels(IdxLabels(0)),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("some-idx: is empty")));
}

TEST_F(IdxTest, ImagesWithoutPixels) {
  EXPECT_THAT(ReadImages(IdxImages(3, 0, 28)),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("says 3 x 0 x 28")));
}

}  // namespace
}  // namespace vitrine
