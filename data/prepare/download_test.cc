#include "data/prepare/download.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/prepare/http_test_server.h"
#include "data/prepare/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string Digest(std::string_view bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return sha.HexDigest();
}

std::string SomeBytes(size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * i >> 5));
  return bytes;
}

class DownloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ASSERT_EQ(setenv("no_proxy", "127.0.0.1", 1), 0);
  }

  // The file, from these paths of the server.
  RemoteFile File(const std::vector<std::string>& paths) const {
    RemoteFile file = {.name = "file", .urls = {}, .sha256 = Digest(bytes_)};
    for (const std::string& path : paths) file.urls.push_back(server_.Url(path));
    return file;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // The right bytes are there under the final name, and nothing else is.
  void ExpectDone() const {
    EXPECT_THAT(Names(), ElementsAre("file"));
    EXPECT_EQ(ReadFile(folder_ / "file").value_or(""), bytes_);
  }

  const std::string bytes_ = SomeBytes(300'000);
  const std::string wrong_ = std::string(300'000, 'w');
  const fs::path folder_ = fs::path(::testing::TempDir()) / "a folder; with 'odd' $names";
  HttpTestServer server_;
};

TEST_F(DownloadTest, WholeFile) {
  server_.Serve("/a", {.body = bytes_});
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre(""));
}

TEST_F(DownloadTest, RestIsAskedForAfterEveryCut) {
  server_.Serve("/a", {.body = bytes_, .cut_after = 100'000, .cuts = 2});
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre("", "bytes=100000-", "bytes=200000-"));
}

TEST_F(DownloadTest, WhatAnEarlierRunLeftIsGoneOnWith) {
  server_.Serve("/a", {.body = bytes_});
  ASSERT_OK(WriteAndSync(folder_ / "file.partial", bytes_.substr(0, 12'345)));
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre("bytes=12345-"));
}

TEST_F(DownloadTest, WhatIsWholeButNotYetRenamedNeedsNoRequest) {
  ASSERT_OK(WriteAndSync(folder_ / "file.partial", bytes_));
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), IsEmpty());
}

TEST_F(DownloadTest, NextPlaceGoesOnWhereTheFirstStopped) {
  server_.Serve("/a", {.body = bytes_, .missing_from = 100'000});
  server_.Serve("/b", {.body = bytes_});
  ASSERT_OK(Download(File({"/a", "/b"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre("", "bytes=100000-"));
  EXPECT_THAT(server_.RangesAsked("/b"), ElementsAre("bytes=100000-"));
}

TEST_F(DownloadTest, PartOfTheRightBytesIsKeptForALaterRun) {
  server_.Serve("/a", {.body = bytes_, .missing_from = 100'000});
  EXPECT_THAT(Download(File({"/a"}), folder_),
              Fails(absl::StatusCode::kUnavailable, HasSubstr(server_.Url("/a"))));
  EXPECT_THAT(Names(), ElementsAre("file.partial"));
  server_.Serve("/a", {.body = bytes_});
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
}

TEST_F(DownloadTest, WrongBytesThenTheMirror) {
  server_.Serve("/a", {.body = wrong_});
  server_.Serve("/b", {.body = bytes_});
  ASSERT_OK(Download(File({"/a", "/b"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre(""));
  EXPECT_THAT(server_.RangesAsked("/b"), ElementsAre(""));
}

TEST_F(DownloadTest, NoServerAndAbsentFileThenTheMirror) {
  server_.Serve("/b", {.body = bytes_});
  RemoteFile file = File({"/absent", "/absent", "/b"});
  file.urls[0] = "http://127.0.0.1:1/file";  // port 1, where nobody listens
  ASSERT_OK(Download(file, folder_));
  ExpectDone();
}

TEST_F(DownloadTest, AllWrongNamesEveryPlaceAndBothDigestsAndLeavesNothing) {
  server_.Serve("/a", {.body = wrong_});
  server_.Serve("/b", {.body = "<html>Log in first</html>"});
  EXPECT_THAT(
      Download(File({"/a", "/b", "/c"}), folder_),
      Fails(absl::StatusCode::kUnavailable,
            AllOf(HasSubstr((folder_ / "file").string()),
                  HasSubstr(absl::StrCat(server_.Url("/a"), ": SHA-256 is ", Digest(wrong_),
                                         ", expected ", Digest(bytes_))),
                  HasSubstr(absl::StrCat(server_.Url("/b"), ": SHA-256 is ")),
                  HasSubstr(absl::StrCat(server_.Url("/c"), ": curl: (22)")), HasSubstr("404"),
                  HasSubstr(absl::StrCat("; try again later, or put a file with SHA-256 ",
                                         Digest(bytes_), " there yourself")))));
  EXPECT_THAT(Names(), IsEmpty());
  server_.Serve("/c", {.body = bytes_});
  ASSERT_OK(Download(File({"/a", "/b", "/c"}), folder_)) << "later";
  ExpectDone();
}

TEST_F(DownloadTest, ServerThatIgnoresRangeIsAskedForTheWhole) {
  server_.Serve("/a", {.body = bytes_, .cut_after = 100'000, .cuts = 1, .ignore_range = true});
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre("", "bytes=100000-", ""));
}

TEST_F(DownloadTest, ServerThatNeverGetsFurtherIsGivenUp) {
  server_.Serve("/a", {.body = bytes_, .cut_after = 100'000, .cuts = 99, .ignore_range = true});
  server_.Serve("/b", {.body = bytes_});
  ASSERT_OK(Download(File({"/a", "/b"}), folder_));
  ExpectDone();
  EXPECT_LE(server_.RangesAsked("/a").size(), 5);
}

TEST_F(DownloadTest, SlowServerIsWaitedFor) {
  server_.Serve("/a", {.body = bytes_, .piece = 20'000, .pause = 100ms});
  ASSERT_OK(Download(File({"/a"}), folder_, 1s));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre(""));
}

TEST_F(DownloadTest, SilentServerIsGivenUp) {
  server_.Serve("/a", {.body = bytes_, .missing_from = 100'000, .stall = true});
  server_.Serve("/b", {.body = bytes_});
  ASSERT_OK(Download(File({"/a", "/b"}), folder_, 1s));
  ExpectDone();
}

TEST_F(DownloadTest, WrongBeginningIsThrownAwayOnce) {
  server_.Serve("/a", {.body = bytes_});
  ASSERT_OK(WriteAndSync(folder_ / "file.partial", "not how it begins"));
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre("bytes=17-", ""));
}

TEST_F(DownloadTest, TooMuchIsThrownAway) {
  server_.Serve("/a", {.body = bytes_});
  ASSERT_OK(WriteAndSync(folder_ / "file.partial", bytes_ + "and more"));
  ASSERT_OK(Download(File({"/a"}), folder_));
  ExpectDone();
}

TEST_F(DownloadTest, FolderThatCannotBeWrittenIsNamed) {
  server_.Serve("/a", {.body = bytes_});
  EXPECT_THAT(Download(File({"/a"}), folder_ / "absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent: cannot write there")));
  if (geteuid() == 0) return;  // root may write anywhere
  ASSERT_EQ(chmod(folder_.c_str(), 0500), 0);
  EXPECT_THAT(Download(File({"/a"}), folder_),
              Fails(absl::StatusCode::kPermissionDenied, HasSubstr("cannot write there")));
  ASSERT_EQ(chmod(folder_.c_str(), 0700), 0);
  EXPECT_THAT(server_.RangesAsked("/a"), IsEmpty());
}

TEST_F(DownloadTest, PartialFileThatCannotBeWrittenIsNamed) {
  server_.Serve("/a", {.body = bytes_});
  fs::create_symlink("/dev/full", folder_ / "file.partial");
  EXPECT_THAT(Download(File({"/a", "/a"}), folder_),
              Fails(absl::StatusCode::kResourceExhausted,
                    HasSubstr("file.partial: cannot be written; is the disk full?")));
  fs::remove(folder_ / "file.partial");
  EXPECT_OK(Download(File({"/a"}), folder_)) << "with room";
}

TEST_F(DownloadTest, MissingCurlIsNamed) {
  const std::string path = std::getenv("PATH");
  ASSERT_EQ(setenv("PATH", "/absent", 1), 0);
  EXPECT_THAT(Download(File({"/a"}), folder_),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("curl is not installed")));
  ASSERT_EQ(setenv("PATH", path.c_str(), 1), 0);
  EXPECT_THAT(Names(), IsEmpty());
  server_.Serve("/a", {.body = bytes_});
  EXPECT_OK(Download(File({"/a"}), folder_)) << "with it";
}

class KilledDownloadTest : public DownloadTest {
 protected:
  pid_t Start() {
    const std::string program =
        absl::StrCat(std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
                     "/data/prepare/download_test_main");
    const RemoteFile file = File({"/a"});
    std::vector<std::string> words = {program, file.urls[0], file.sha256, folder_};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = -1;
    EXPECT_EQ(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ), 0);
    return child;
  }

  uintmax_t PartialSize() const {
    std::error_code error;
    const uintmax_t size = fs::file_size(folder_ / "file.partial", error);
    return error ? 0 : size;
  }
};

TEST_F(KilledDownloadTest, NextRunFinishes) {
  server_.Serve("/a", {.body = bytes_, .piece = 1'000, .pause = 5ms});
  const pid_t child = Start();
  while (PartialSize() < 50'000) std::this_thread::sleep_for(1ms);
  int status = 0;
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  std::this_thread::sleep_for(50ms);
  const uintmax_t left = PartialSize();
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(PartialSize(), left) << "curl outlived the program that started it";
  EXPECT_LT(left, bytes_.size());
  EXPECT_THAT(Names(), ElementsAre("file.partial"));

  const pid_t second = Start();
  ASSERT_EQ(waitpid(second, &status, 0), second);
  EXPECT_EQ(status, 0);
  ExpectDone();
  EXPECT_THAT(server_.RangesAsked("/a"), ElementsAre("", absl::StrCat("bytes=", left, "-")));
}

TEST(PublishTest, FoldersAreRenamedWholeAndErrorsNameThem) {
  const fs::path folder = fs::path(::testing::TempDir()) / "publish";
  fs::remove_all(folder);
  fs::create_directories(folder / "from");
  ASSERT_OK(WriteAndSync(folder / "from" / "x", "bytes"));
  ASSERT_OK(Publish(folder / "from", folder / "to"));
  EXPECT_EQ(ReadFile(folder / "to" / "x").value_or(""), "bytes");
  EXPECT_THAT(Publish(folder / "from", folder / "to"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("to: cannot be put in place")));
}

}  // namespace
}  // namespace vitrine
