#include "base/parallel/check_same.h"

#include <map>
#include <string>
#include <vector>

#include "base/parallel/process_group.h"
#include "base/parallel/single_process.h"
#include "base/parallel/thread_group.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using Values = std::map<std::string, std::string>;

// What every rank is told.
absl::Status Check(const std::vector<Values>& values) {
  std::vector<absl::Status> statuses(values.size());
  RunOnThreads(values.size(), [&](ProcessGroup& group) {
    statuses[group.rank()] = CheckSame(group, values[group.rank()]);
  });
  for (const absl::Status& status : statuses) EXPECT_EQ(status, statuses[0]);
  return statuses[0];
}

testing::Matcher<absl::Status> Says(const std::string& differences) {
  return Fails(absl::StatusCode::kFailedPrecondition,
               "ranks differ from rank 0: " + differences +
                   "; start all of them with the same program, config and data");
}

TEST(CheckSameTest, EqualValuesPass) {
  const Values values = {{"config", "a\nb"}, {"", ""}, {"12:3", std::string("\0:", 2)}};
  EXPECT_OK(Check({values, values, values}));
  EXPECT_OK(Check({{}, {}}));
  SingleProcess alone;
  EXPECT_OK(CheckSame(alone, values));
}

TEST(CheckSameTest, NamesRanksNamesAndShortValues) {
  const Values values = {{"cpu", "AVX2"}, {"data", std::string(100, 'a')}, {"seed", "1"}};
  Values other_cpu = values, others = values;
  other_cpu["cpu"] = "AVX512";
  others["data"] = std::string(100, 'b');
  others["seed"] = "2";
  EXPECT_THAT(Check({values, values, other_cpu, others}),
              Says("rank 2 in cpu ('AVX512' and 'AVX2'); rank 3 in data, seed ('2' and '1')"));
}

TEST(CheckSameTest, LinesStayOutOfTheMessage) {
  EXPECT_THAT(Check({{{"config", "a\n"}}, {{"config", "b\n"}}}), Says("rank 1 in config"));
}

TEST(CheckSameTest, MissingValuesAreNamed) {
  EXPECT_THAT(Check({{{"a", ""}}, {{"b", "1"}}}),
              Says("rank 1 in a (nothing and ''), b ('1' and nothing)"));
}

}  // namespace
}  // namespace vitrine
