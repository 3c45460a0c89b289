#include "data/source/packed_source.h"

#include <filesystem>
#include <string>
#include <vector>

#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/source/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

class PackedSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(PackedWriter writer,
                         PackedWriter::Create(path_, {"cat", "dog"}, "made up"));
    ASSERT_OK(writer.Add(1, "dog/1.jpg", "first"));
    ASSERT_OK(writer.Add(0, "cat/1.jpg", ""));
    ASSERT_OK(writer.Add(1, "dog/2.jpg", "third image"));
    ASSERT_OK(writer.Finish());
  }

  // A file with this index and nothing else wrong with it.
  void WriteWith(const PackedIndex& index, std::string_view data = "firstthird image") {
    const std::string bytes = index.SerializeAsString();
    const uint64_t size = bytes.size(), crc = Crc32c(bytes);
    std::string file = std::string(data) + bytes;
    file.append(reinterpret_cast<const char*>(&size), 8);
    file.append(reinterpret_cast<const char*>(&crc), 8);
    WriteTestFile(path_, file + "VITRPACK");
  }

  PackedIndex GoodIndex() {
    PackedIndex index;
    index.add_class_names("cat");
    for (const uint64_t end : {5, 16}) {
      index.add_end(end);
      index.add_crc32c(Crc32c(end == 5 ? "first" : "third image"));
      index.add_label(0);
      index.add_name("x");
    }
    return index;
  }

  const fs::path folder_ = EmptyFolder("packed_source_test");
  const fs::path path_ = folder_ / "train.pack";
};

TEST_F(PackedSourceTest, EverythingComesBack) {
  ASSERT_OK_AND_ASSIGN(const PackedImages packed, OpenPacked(path_));
  EXPECT_THAT(packed.class_names, ElementsAre("cat", "dog"));
  EXPECT_EQ(packed.origin, "made up");
  const ImageSource& images = *packed.images;
  ASSERT_EQ(images.size(), 3);
  EXPECT_EQ(BytesAt(images, 2), "third image");
  EXPECT_EQ(BytesAt(images, 0), "first");
  EXPECT_EQ(BytesAt(images, 1), "");
  EXPECT_EQ(images.Label(0), 1);
  EXPECT_EQ(images.Label(1), 0);
  EXPECT_EQ(images.Name(2), path_.string() + ", dog/2.jpg");
}

TEST_F(PackedSourceTest, EveryTruncationIsAnErrorOfOneLine) {
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(path_));
  for (size_t size = 0; size < bytes.size(); ++size) {
    WriteTestFile(path_, bytes.substr(0, size));
    EXPECT_THAT(OpenPacked(path_),
                Fails(absl::StatusCode::kDataLoss,
                      AllOf(HasSubstr(path_.string()), HasSubstr("pack it again"))))
        << size;
  }
}

// Each byte is covered by a checksum, by the magic, or by the index's length.
TEST_F(PackedSourceTest, EveryFlippedBitIsFound) {
  ASSERT_OK_AND_ASSIGN(const std::string good, ReadFile(path_));
  for (size_t i = 0; i < good.size() * 8; ++i) {
    const size_t zeros = good.size() - 12;
    if (i / 8 >= zeros && i / 8 < zeros + 4) continue;  // meaning nothing
    std::string bytes = good;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    WriteTestFile(path_, bytes);
    const absl::StatusOr<PackedImages> packed = OpenPacked(path_);
    if (!packed.ok()) continue;
    int damaged = 0;
    for (int64_t k = 0; k < packed->images->size(); ++k) {
      damaged += BytesAt(*packed->images, k).starts_with('!');
    }
    EXPECT_EQ(damaged, 1) << "bit " << i;
  }
}

TEST_F(PackedSourceTest, DamagedImageIsNamedAndTheOthersAreRead) {
  ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(path_));
  bytes[0] = 'F';
  WriteTestFile(path_, bytes);
  ASSERT_OK_AND_ASSIGN(const PackedImages packed, OpenPacked(path_));
  EXPECT_THAT(BytesAt(*packed.images, 0),
              StartsWith("!" + path_.string() + ", dog/1.jpg: its checksum is wrong"));
  EXPECT_EQ(BytesAt(*packed.images, 2), "third image");
}

TEST_F(PackedSourceTest, IndexThatIsWrongThoughItsChecksumIsRight) {
  WriteWith(GoodIndex());
  ASSERT_OK_AND_ASSIGN(const PackedImages packed, OpenPacked(path_));
  EXPECT_EQ(BytesAt(*packed.images, 1), "third image");

  PackedIndex index = GoodIndex();
  index.set_label(1, 1);
  WriteWith(index);
  EXPECT_THAT(OpenPacked(path_),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("label 1 of 1 classes")));
  index = GoodIndex();
  index.set_end(0, 17);
  WriteWith(index);
  EXPECT_THAT(OpenPacked(path_), Fails(absl::StatusCode::kDataLoss, HasSubstr("backwards")));
  index = GoodIndex();
  index.mutable_name()->RemoveLast();
  WriteWith(index);
  EXPECT_THAT(OpenPacked(path_), Fails(absl::StatusCode::kDataLoss, HasSubstr("contradicts")));
  WriteWith(GoodIndex(), "first");
  EXPECT_THAT(OpenPacked(path_), Fails(absl::StatusCode::kDataLoss, HasSubstr("another file")));
}

TEST_F(PackedSourceTest, WhatIsNotThereAndWhatIsNeverFinished) {
  EXPECT_THAT(OpenPacked(folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent: cannot open")));
  ASSERT_OK_AND_ASSIGN(PackedWriter writer, PackedWriter::Create(folder_ / "new", {"cat"}, ""));
  ASSERT_OK(writer.Add(0, "x", "bytes"));
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

}  // namespace
}  // namespace vitrine
