#include "base/files/json.h"

#include <string>

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(JsonTest, KeepsTheOrderGiven) {
  const Json json = {{"b", 1}, {"a", {2, 3}}};
  EXPECT_EQ(PrettyJson(json), "{\n  \"b\": 1,\n  \"a\": [\n    2,\n    3\n  ]\n}");
  EXPECT_EQ(CompactJson(json), R"({"b":1,"a":[2,3]})");
  EXPECT_EQ(ParseJson(CompactJson(json)), json);
}

TEST(JsonTest, AnyBytesAreStillJson) {
  const Json json = {{"file", "\xff \" \n"}};
  for (const std::string& text : {PrettyJson(json), CompactJson(json)}) {
    EXPECT_FALSE(ParseJson(text).is_discarded()) << text;
  }
}

TEST(JsonTest, WhatIsNoJsonIsDiscarded) {
  for (const char* text : {"", "{", "{} {}", "[1,]", "\xff", "\"\xff\"", "nan"}) {
    EXPECT_TRUE(ParseJson(text).is_discarded()) << text;
  }
}

TEST(JsonTest, WhatIsMeantToHarmIsDiscarded) {
  EXPECT_TRUE(ParseJson(R"({"a": {"b": 1}, "c": {"b": 2}})").is_object());
  EXPECT_TRUE(ParseJson(R"({"a": 1, "b": 2, "a": 1})").is_discarded());
  const auto nested = [](int levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_TRUE(ParseJson(nested(60)).is_array());
  EXPECT_TRUE(ParseJson(nested(100)).is_discarded());
  EXPECT_TRUE(ParseJson(std::string(10'000'000, '[')).is_discarded());
  std::string many = "{\"0\": 0";
  for (int i = 1; i < 300'000; ++i) many += ", \"" + std::to_string(i) + "\": 0";
  many += "}";
  EXPECT_TRUE(ParseJson(many).is_discarded());
  EXPECT_EQ(ParseLargeJson(many).size(), 300'000);
  EXPECT_TRUE(ParseLargeJson(R"({"a": 1, "a": 1})").is_discarded());
}

}  // namespace
}  // namespace vitrine
