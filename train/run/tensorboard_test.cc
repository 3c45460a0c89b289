#include "train/run/tensorboard.h"

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/run/tensorboard.pb.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;
using tensorboard::Event;
using tensorboard::SessionLog;

// A string literal with its zero bytes.
template <size_t n>
std::string Literal(const char (&bytes)[n]) {
  return std::string(bytes, n - 1);
}

template <typename T>
T Take(std::string_view* bytes) {
  T number = 0;
  if (bytes->size() < sizeof(T)) {
    ADD_FAILURE() << "the file is cut short";
  } else {
    std::memcpy(&number, bytes->data(), sizeof(T));
    bytes->remove_prefix(sizeof(T));
  }
  return number;
}

uint32_t Unmasked(uint32_t checksum) { return std::rotl(checksum - 0xA282EAD8u, 15); }

// Every event of a file, which must hold nothing else.
std::vector<Event> ReadEvents(const fs::path& path) {
  const std::string file = ReadFile(path).value();
  std::vector<Event> events;
  for (std::string_view rest = file; !rest.empty() && !::testing::Test::HasFailure();) {
    const std::string_view length_bytes = rest.substr(0, 8);
    const auto length = Take<uint64_t>(&rest);
    EXPECT_EQ(Unmasked(Take<uint32_t>(&rest)), Crc32c(length_bytes));
    const std::string_view bytes = rest.substr(0, length);
    rest.remove_prefix(bytes.size());
    EXPECT_EQ(Unmasked(Take<uint32_t>(&rest)), Crc32c(bytes));
    EXPECT_TRUE(events.emplace_back().ParseFromArray(bytes.data(), bytes.size()));
    EXPECT_GT(events.back().wall_time(), 0);
  }
  return events;
}

class EventWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // In the order in which TensorBoard reads them.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::vector<Event> OnlyFile() const {
    EXPECT_EQ(Names().size(), 1);
    return ReadEvents(folder_ / Names().front());
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "tensorboard_test";
};

TEST(FramedRecordTest, LengthAndBytesHaveMaskedChecksums) {
  // Python: c = crc32c(b); (((c >> 15) | (c << 17)) + 0xA282EAD8) & 0xFFFFFFFF, bit by bit.
  EXPECT_EQ(FramedRecord(""), Literal("\0\0\0\0\0\0\0\0\x29\x03\x98\x07\xD8\xEA\x82\xA2"));
  EXPECT_EQ(FramedRecord("123456789"), Literal("\x09\0\0\0\0\0\0\0\x37\xF9\x71\x39"
                                               "123456789"
                                               "\xE5\xB0\x8A\xC7"));
}

TEST_F(EventWriterTest, FileBeginsAsTensorFlowsDo) {
  ASSERT_OK(EventWriter::Create(folder_, 0));
  const std::string file = ReadFile(folder_ / Names().front()).value();
  // 24 bytes: the field for the time, and the version in field 3.
  EXPECT_EQ(file.substr(0, 13), Literal("\x18\0\0\0\0\0\0\0\xA3\x7F\x4B\x22\x09"));
  EXPECT_EQ(file.substr(21, 15), Literal("\x1A\x0D"
                                         "brain.Event:2"));
}

TEST_F(EventWriterTest, SecondRecordSaysFromWhereTheRunGoesOn) {
  ASSERT_OK(EventWriter::Create(folder_, 1200));
  const std::vector<Event> events = OnlyFile();
  ASSERT_EQ(events.size(), 2);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_EQ(events[1].step(), 1200);
  EXPECT_EQ(events[1].session_log().status(), SessionLog::START);
}

TEST_F(EventWriterTest, ScalarsAreThereWhileTheWriterIsOpen) {
  ASSERT_OK_AND_ASSIGN(EventWriter writer, EventWriter::Create(folder_, 0));
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  ASSERT_OK(writer.Scalars(0, {{"train/loss", 2.25}, {"train/learning_rate", 3e-4}}));
  ASSERT_OK(writer.Scalars(kFar, {{"minival/top1", 0.5}}));
  const std::vector<Event> events = OnlyFile();
  ASSERT_EQ(events.size(), 4);
  EXPECT_EQ(events[2].step(), 0);
  ASSERT_EQ(events[2].summary().value_size(), 2);
  EXPECT_EQ(events[2].summary().value(0).tag(), "train/loss");
  EXPECT_EQ(events[2].summary().value(0).simple_value(), 2.25f);
  EXPECT_EQ(events[2].summary().value(1).tag(), "train/learning_rate");
  EXPECT_EQ(events[2].summary().value(1).simple_value(), 3e-4f);
  EXPECT_EQ(events[3].step(), kFar);
}

TEST_F(EventWriterTest, ScalarsAreEncodedByTheNumbersOfTensorFlowsFields) {
  ASSERT_OK_AND_ASSIGN(EventWriter writer, EventWriter::Create(folder_, 0));
  ASSERT_OK(writer.Scalars(7, {{"a", 1.0}}));
  std::string file = ReadFile(folder_ / Names().front()).value();
  file.resize(file.size() - 4);  // the checksum
  // step, field 2: 7; summary, field 5, of 10 bytes; value, field 1, of 8; tag, field 1: "a";
  // simple_value, field 2: 1.
  EXPECT_TRUE(
      absl::EndsWith(file, Literal("\x10\x07\x2A\x0A\x0A\x08\x0A\x01\x61\x15\0\0\x80\x3F")));
}

TEST_F(EventWriterTest, ResumedRunsFileIsReadAfterTheOthers) {
  ASSERT_OK(EventWriter::Create(folder_, 0));
  ASSERT_OK(EventWriter::Create(folder_, 100));  // within the same second, or nearly
  ASSERT_OK(EventWriter::Create(folder_, 20));
  std::vector<int64_t> steps;
  for (const std::string& name : Names()) steps.push_back(ReadEvents(folder_ / name)[1].step());
  EXPECT_THAT(steps, ElementsAre(0, 100, 20));
}

TEST_F(EventWriterTest, ClockThatWasSetBackDoesNotMatter) {
  const std::string future = "events.out.tfevents.4000000000.host";
  for (const std::string name : {"events.out.tfevents.x", "events.out.tfevents.", "f"}) {
    ASSERT_OK(WriteAtomically(folder_ / name, ""));
  }
  ASSERT_OK(WriteAtomically(folder_ / future, ""));
  ASSERT_OK(EventWriter::Create(folder_, 20));
  EXPECT_TRUE(fs::exists(folder_ / "events.out.tfevents.4000000001.20"));
}

TEST_F(EventWriterTest, AbsentFolderIsAnErrorThatNamesTheFile) {
  EXPECT_THAT(EventWriter::Create(folder_ / "absent", 0),
              Fails(absl::StatusCode::kUnavailable, HasSubstr("absent/events.out.tfevents.")));
}

// No file may grow beyond a size as long as it lives, as if the disk were full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t size) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {size, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST_F(EventWriterTest, FullDiskIsAnErrorThatNamesTheFile) {
  ASSERT_OK_AND_ASSIGN(EventWriter writer, EventWriter::Create(folder_, 0));
  const fs::path path = folder_ / Names().front();
  absl::Status full;
  {
    const FullDisk disk(fs::file_size(path) + 10);
    full = writer.Scalars(0, {{"train/loss", 1}});
  }
  EXPECT_THAT(full, Fails(absl::StatusCode::kUnavailable,
                          AllOf(HasSubstr(path.string()), HasSubstr("disk full"))));
}

TEST_F(EventWriterTest, FullDiskAtTheStartIsAnErrorThatNamesTheFile) {
  absl::Status full;
  {
    const FullDisk disk(10);
    full = EventWriter::Create(folder_, 0).status();
  }
  EXPECT_THAT(full, Fails(absl::StatusCode::kUnavailable,
                          AllOf(HasSubstr(Names().front()), HasSubstr("disk full"))));
}

}  // namespace
}  // namespace vitrine
