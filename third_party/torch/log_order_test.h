// What must hold whichever of glog and libtorch a file includes first. The file that includes this
// has included both.

#ifndef THIRD_PARTY_TORCH_LOG_ORDER_TEST_H_
#define THIRD_PARTY_TORCH_LOG_ORDER_TEST_H_

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// Keeps what glog is given; c10's own logger would write to stderr without asking.
class Sink : public google::LogSink {
 public:
  Sink() { google::AddLogSink(this); }
  ~Sink() override { google::RemoveLogSink(this); }

  void send(google::LogSeverity, const char*, const char*, int, const std::tm*, const char* message,
            size_t length) override {
    messages.emplace_back(message, length);
  }

  std::vector<std::string> messages;
};

TEST(LogOrderTest, LogGoesToGlog) {
  Sink sink;
  LOG(INFO) << "info " << at::zeros({2, 3}).numel();
  LOG_IF(WARNING, true) << "warning";
  LOG_IF(WARNING, false) << "nothing";
  LOG_EVERY_N(ERROR, 1) << "error";
  EXPECT_THAT(sink.messages, ::testing::ElementsAre("info 6", "warning", "error"));
}

TEST(LogOrderTest, CheckPasses) {
  CHECK(true) << "not evaluated";
  CHECK_EQ(at::zeros({2}).numel(), 2);
}

// The end of glog's message, which c10's lacks. c10's CHECK throws c10::Error, which a caller may
// catch; glog's always ends the program.
constexpr char kGlogsEnd[] = "\\*\\*\\* Check failure stack trace";

TEST(LogOrderDeathTest, CheckAborts) {
  const auto check = [](bool condition) {
    try {
      CHECK(condition) << "the reason";
    } catch (const c10::Error&) {
      // Going on here is what the death test must see as a failure.
    }
  };
  EXPECT_DEATH(check(false), std::string("Check failed: condition the reason.*") + kGlogsEnd);
}

TEST(LogOrderDeathTest, CheckEqAborts) {
  EXPECT_DEATH(CHECK_EQ(1, 2), std::string("Check failed: 1 == 2.*") + kGlogsEnd);
}

TEST(LogOrderDeathTest, DcheckIsGlogs) {
#ifdef NDEBUG
  DCHECK(false) << "compiled away";
#else
  EXPECT_DEATH(DCHECK(false), kGlogsEnd);
#endif
}

}  // namespace
}  // namespace vitrine

#endif  // THIRD_PARTY_TORCH_LOG_ORDER_TEST_H_
