#include "data/prepare/data_set.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/process.h"
#include "base/status_matchers.h"
#include "data/prepare/catalog.h"
#include "data/prepare/http_test_server.h"
#include "data/prepare/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

std::vector<std::string> Names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

class DataSetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(work_);
    fs::create_directories(work_);
    ASSERT_EQ(setenv("no_proxy", "127.0.0.1", 1), 0);
  }

  // Serves the bytes; the file is known by their digest.
  RemoteFile Offer(const std::string& name, const std::string& bytes) {
    server_.Serve("/" + name, {.body = bytes});
    Sha256 sha;
    sha.Update(bytes);
    return {.name = name, .urls = {server_.Url("/" + name)}, .sha256 = sha.HexDigest()};
  }

  // The archive of a folder `inner` with two files.
  RemoteFile OfferArchive(const std::string& inner) {
    const fs::path source = work_ / "source";
    fs::create_directories(source / inner);
    EXPECT_OK(WriteAndSync(source / inner / "batch_1.bin", "one"));
    EXPECT_OK(WriteAndSync(source / inner / "batch_2.bin", "two"));
    EXPECT_OK(RunProcess({"tar", "--create", "--gzip", "--file=" + (work_ / "made.tar.gz").string(),
                          "--directory=" + source.string(), inner},
                         Capture::kNothing));
    return Offer("a.tar.gz", ReadFile(work_ / "made.tar.gz").value_or(""));
  }

  const fs::path work_ = fs::path(::testing::TempDir()) / "data_set_test";
  const fs::path parent_ = work_ / "data: of 'mine'";
  HttpTestServer server_;
};

using FilesTest = DataSetTest;
using ArchiveTest = DataSetTest;

TEST_F(FilesTest, DownloadedOnceThenVerifiedWithoutARequest) {
  const std::vector<RemoteFile> files = {Offer("a", "bytes of a"), Offer("b", "bytes of b")};
  ASSERT_OK_AND_ASSIGN(Outcome outcome, PrepareFiles(files, parent_ / "set"));
  EXPECT_EQ(outcome, Outcome::kDownloaded);
  EXPECT_THAT(Names(parent_ / "set"), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(ReadFile(parent_ / "set" / "b").value_or(""), "bytes of b");

  ASSERT_OK_AND_ASSIGN(outcome, PrepareFiles(files, parent_ / "set"));
  EXPECT_EQ(outcome, Outcome::kVerified);
  EXPECT_THAT(server_.RangesAsked("/a"), SizeIs(1));
  EXPECT_THAT(server_.RangesAsked("/b"), SizeIs(1));
}

TEST_F(FilesTest, OnlyWhatIsMissingIsDownloaded) {
  const std::vector<RemoteFile> files = {Offer("a", "bytes of a"), Offer("b", "bytes of b")};
  ASSERT_OK(CreateFolder(parent_));
  ASSERT_OK(WriteAndSync(parent_ / "a", "bytes of a"));
  ASSERT_OK_AND_ASSIGN(const Outcome outcome, PrepareFiles(files, parent_));
  EXPECT_EQ(outcome, Outcome::kDownloaded);
  EXPECT_THAT(server_.RangesAsked("/a"), IsEmpty());
}

TEST_F(FilesTest, DifferingFileIsNamedAndKeptAndNothingIsAskedFor) {
  const std::vector<RemoteFile> files = {Offer("a", "bytes of a"), Offer("b", "bytes of b")};
  ASSERT_OK(CreateFolder(parent_));
  ASSERT_OK(WriteAndSync(parent_ / "b", "mine"));
  EXPECT_THAT(PrepareFiles(files, parent_),
              Fails(absl::StatusCode::kDataLoss,
                    AllOf(HasSubstr((parent_ / "b").string()), HasSubstr(files[1].sha256),
                          HasSubstr("remove it and run again"))));
  EXPECT_EQ(ReadFile(parent_ / "b").value_or(""), "mine");
  EXPECT_THAT(server_.RangesAsked("/a"), IsEmpty());
  fs::remove(parent_ / "b");
  ASSERT_OK(PrepareFiles(files, parent_));
  EXPECT_EQ(ReadFile(parent_ / "b").value_or(""), "bytes of b");
}

TEST_F(FilesTest, FolderThatCannotBeMadeIsNamed) {
  ASSERT_OK(WriteAndSync(work_ / "file", "x"));
  EXPECT_FALSE(PrepareFiles({Offer("a", "bytes")}, work_ / "file" / "set").ok());
  EXPECT_THAT(PrepareFiles({Offer("a", "bytes")}, "/proc/absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("/proc/absent: cannot create")));
}

TEST_F(FilesTest, SecondRunInTheSameFolderIsRefused) {
  ASSERT_OK(CreateFolder(parent_));
  const int fd = open(parent_.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  EXPECT_THAT(PrepareFiles({Offer("a", "bytes")}, parent_),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("another process")));
  close(fd);
  EXPECT_OK(PrepareFiles({Offer("a", "bytes")}, parent_));
}

TEST_F(ArchiveTest, UnpackedOnceThenVerifiedWithoutARequest) {
  const RemoteFile archive = OfferArchive("set");
  ASSERT_OK_AND_ASSIGN(Outcome outcome, PrepareArchive(archive, parent_ / "set"));
  EXPECT_EQ(outcome, Outcome::kDownloaded);
  EXPECT_THAT(Names(parent_), UnorderedElementsAre("set"));
  EXPECT_THAT(Names(parent_ / "set"),
              UnorderedElementsAre("batch_1.bin", "batch_2.bin", "SHA256SUMS"));
  EXPECT_EQ(ReadFile(parent_ / "set" / "batch_2.bin").value_or(""), "two");

  ASSERT_OK_AND_ASSIGN(outcome, PrepareArchive(archive, parent_ / "set"));
  EXPECT_EQ(outcome, Outcome::kVerified);
  EXPECT_THAT(server_.RangesAsked("/a.tar.gz"), SizeIs(1));
}

// printf one | sha256sum; printf two | sha256sum
TEST_F(ArchiveTest, SumsAreThoseOfSha256sum) {
  ASSERT_OK(PrepareArchive(OfferArchive("set"), parent_ / "set"));
  EXPECT_EQ(ReadFile(parent_ / "set" / "SHA256SUMS").value_or(""),
            "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  batch_1.bin\n"
            "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  batch_2.bin\n");
}

TEST_F(ArchiveTest, DamageIsFoundAndNamed) {
  const RemoteFile archive = OfferArchive("set");
  ASSERT_OK(PrepareArchive(archive, parent_ / "set"));
  ASSERT_OK(WriteAndSync(parent_ / "set" / "batch_1.bin", "eno"));
  const std::string remedy =
      absl::StrCat("; remove ", (parent_ / "set").string(), " and run again");
  EXPECT_THAT(PrepareArchive(archive, parent_ / "set"),
              Fails(absl::StatusCode::kDataLoss,
                    AllOf(HasSubstr("batch_1.bin: SHA-256 is "), HasSubstr(remedy))));
  fs::remove(parent_ / "set" / "batch_1.bin");
  EXPECT_THAT(PrepareArchive(archive, parent_ / "set"),
              Fails(absl::StatusCode::kNotFound,
                    AllOf(HasSubstr("batch_1.bin: is missing"), HasSubstr(remedy))));
  fs::remove_all(parent_ / "set");
  ASSERT_OK_AND_ASSIGN(const Outcome outcome, PrepareArchive(archive, parent_ / "set"));
  EXPECT_EQ(outcome, Outcome::kDownloaded);
}

TEST_F(ArchiveTest, FolderFromElsewhereIsLeftAlone) {
  const RemoteFile archive = OfferArchive("set");
  ASSERT_OK(CreateFolder(parent_ / "set"));
  ASSERT_OK(WriteAndSync(parent_ / "set" / "batch_1.bin", "mine"));
  EXPECT_THAT(PrepareArchive(archive, parent_ / "set"),
              Fails(absl::StatusCode::kFailedPrecondition,
                    HasSubstr("can't be verified; use it as it is, or remove it and run again")));
  EXPECT_THAT(Names(parent_ / "set"), UnorderedElementsAre("batch_1.bin"));
  fs::remove_all(parent_ / "set");
  EXPECT_OK(PrepareArchive(archive, parent_ / "set"));
}

TEST_F(ArchiveTest, WhatAKilledRunLeftIsUsedOrSwept) {
  const RemoteFile archive = OfferArchive("set");
  ASSERT_OK(CreateFolder(parent_ / ".set.partial" / "set"));
  ASSERT_OK(WriteAndSync(parent_ / ".set.partial" / "set" / "batch_9.bin", "old"));
  ASSERT_OK(WriteAndSync(parent_ / "a.tar.gz", ReadFile(work_ / "made.tar.gz").value_or("")));
  ASSERT_OK(PrepareArchive(archive, parent_ / "set"));
  EXPECT_THAT(server_.RangesAsked("/a.tar.gz"), IsEmpty());
  EXPECT_THAT(Names(parent_), UnorderedElementsAre("set"));
  EXPECT_THAT(Names(parent_ / "set"),
              UnorderedElementsAre("batch_1.bin", "batch_2.bin", "SHA256SUMS"));
}

TEST_F(ArchiveTest, WhatIsNoArchiveLeavesNoFolder) {
  EXPECT_THAT(PrepareArchive(Offer("a.tar.gz", "no archive"), parent_ / "set"),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("a.tar.gz: cannot be unpacked: ")));
  EXPECT_THAT(Names(parent_), UnorderedElementsAre("a.tar.gz"));
}

TEST_F(ArchiveTest, ArchiveOfSomethingElseLeavesNoFolder) {
  EXPECT_THAT(PrepareArchive(OfferArchive("other"), parent_ / "set"),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("holds no folder set")));
  EXPECT_THAT(Names(parent_), UnorderedElementsAre("a.tar.gz"));
}

TEST(CatalogTest, EveryFileHasADigestAndPlacesThatEndInItsName) {
  std::vector<RemoteFile> files = MnistFiles();
  EXPECT_EQ(files.size(), 4);
  files.push_back(Cifar10Archive());
  files.push_back(Cifar100Archive());
  for (const RemoteFile& file : files) {
    EXPECT_THAT(file.sha256, MatchesRegex("[0-9a-f]+"));
    EXPECT_EQ(file.sha256.size(), 64) << file.name;
    EXPECT_FALSE(file.urls.empty()) << file.name;
    for (const std::string& url : file.urls) EXPECT_TRUE(url.ends_with("/" + file.name)) << url;
  }
}

}  // namespace
}  // namespace vitrine
