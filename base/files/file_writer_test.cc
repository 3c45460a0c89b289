#include "base/files/file_writer.h"

#include <filesystem>
#include <string>
#include <utility>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class FileWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    ASSERT_OK(CreateFolder(folder_));
  }

  int FilesThere() const {
    return static_cast<int>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "file_writer_test";
};

TEST_F(FileWriterTest, PiecesOfEverySizeOneAfterAnother) {
  std::string expected;
  ASSERT_OK_AND_ASSIGN(FileWriter created, FileWriter::Create(folder_ / "file"));
  FileWriter writer = std::move(created);
  for (const int size : {0, 1, 3'000'000, 5, 1 << 20}) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    ASSERT_OK(writer.Append(piece));
    expected += piece;
    EXPECT_EQ(writer.size(), expected.size());
  }
  EXPECT_FALSE(fs::exists(folder_ / "file")) << "before Commit";
  ASSERT_OK(writer.Commit());
  EXPECT_EQ(ReadFile(folder_ / "file").value_or(""), expected);
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(FileWriterTest, TheStartCanBeReplaced) {
  ASSERT_OK_AND_ASSIGN(FileWriter writer, FileWriter::Create(folder_ / "file"));
  ASSERT_OK(writer.Append("1 of"));
  ASSERT_OK(writer.Append(std::string(3'000'000, 'x')));
  ASSERT_OK(writer.ReplaceStart("22"));
  ASSERT_OK(writer.Append("end"));
  ASSERT_OK(writer.Commit());
  EXPECT_EQ(ReadFile(folder_ / "file").value_or(""), "22of" + std::string(3'000'000, 'x') + "end");
}

TEST_F(FileWriterTest, WithoutCommitTheOldFileStaysAndNothingElse) {
  ASSERT_OK(WriteAndSync(folder_ / "file", "old"));
  {
    ASSERT_OK_AND_ASSIGN(FileWriter writer, FileWriter::Create(folder_ / "file"));
    ASSERT_OK(writer.Append(std::string(3'000'000, 'x')));
  }
  EXPECT_EQ(ReadFile(folder_ / "file").value_or(""), "old");
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(FileWriterTest, CompleteFileIsNotYetInItsPlace) {
  {
    ASSERT_OK_AND_ASSIGN(FileWriter writer, FileWriter::Create(folder_ / "file"));
    ASSERT_OK(writer.Append("bytes"));
    ASSERT_OK(writer.Complete());
    EXPECT_FALSE(fs::exists(folder_ / "file"));
    FileWriter moved = std::move(writer);
    ASSERT_OK(moved.Commit());
    EXPECT_EQ(ReadFile(folder_ / "file").value_or(""), "bytes");
    ASSERT_OK_AND_ASSIGN(FileWriter other, FileWriter::Create(folder_ / "other"));
    ASSERT_OK(other.Complete());
  }
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(FileWriterTest, CommitReplacesTheOldFile) {
  ASSERT_OK(WriteAndSync(folder_ / "file", "old"));
  ASSERT_OK_AND_ASSIGN(FileWriter writer, FileWriter::Create(folder_ / "file"));
  ASSERT_OK(writer.Append("new"));
  ASSERT_OK(writer.Commit());
  EXPECT_EQ(ReadFile(folder_ / "file").value_or(""), "new");
}

TEST_F(FileWriterTest, ErrorsNameThePath) {
  EXPECT_THAT(FileWriter::Create(folder_ / "absent" / "file"),
              Fails(absl::StatusCode::kNotFound, HasSubstr((folder_ / "absent").string())));
  ASSERT_OK(CreateFolder(folder_ / "folder" / "inner"));
  ASSERT_OK_AND_ASSIGN(FileWriter writer, FileWriter::Create(folder_ / "folder"));
  EXPECT_THAT(writer.Commit(), Fails(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("folder: cannot be put in place")));
}

}  // namespace
}  // namespace vitrine
