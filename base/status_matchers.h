// Matchers and macros for tests of functions that return absl::Status or absl::StatusOr.
//
//   EXPECT_THAT(WriteFile(path, bytes), IsOk());
//   EXPECT_THAT(ReadFile("absent"), Fails(absl::StatusCode::kNotFound, HasSubstr("absent")));
//   ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(path));

#ifndef BASE_STATUS_MATCHERS_H_
#define BASE_STATUS_MATCHERS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).ok();
}

// An error of this code whose message is one line and matches.
MATCHER_P2(Fails, code, message, "is an error of the code, with a one-line message that matches") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status;
  const std::string text(status.message());
  return status.code() == code && text.find('\n') == std::string::npos &&
         ::testing::ExplainMatchResult(message, text, result_listener);
}

}  // namespace vitrine

#define ASSERT_OK(expression) ASSERT_THAT(expression, ::vitrine::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT(expression, ::vitrine::IsOk())

#define STATUS_MATCHERS_CONCAT_INNER(a, b) a##b
#define STATUS_MATCHERS_CONCAT(a, b) STATUS_MATCHERS_CONCAT_INNER(a, b)

#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  STATUS_MATCHERS_ASSIGN(STATUS_MATCHERS_CONCAT(status_result_, __LINE__), declaration, expression)

#define STATUS_MATCHERS_ASSIGN(result, declaration, expression) \
  auto result = (expression);                                   \
  ASSERT_OK(result);                                            \
  declaration = *std::move(result)

#endif  // BASE_STATUS_MATCHERS_H_
