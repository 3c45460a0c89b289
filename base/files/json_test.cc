#include "base/files/json.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(PrettyJsonTest, IsIndentedInTheOrderGiven) {
  const nlohmann::ordered_json json = {{"b", 1}, {"a", {2, 3}}};
  EXPECT_EQ(PrettyJson(json), "{\n  \"b\": 1,\n  \"a\": [\n    2,\n    3\n  ]\n}");
}

TEST(PrettyJsonTest, AnyBytesAreStillJson) {
  const std::string text = PrettyJson(nlohmann::json({{"file", "\xff \" \n"}}));
  EXPECT_TRUE(nlohmann::json::accept(text)) << text;
}

}  // namespace
}  // namespace vitrine
