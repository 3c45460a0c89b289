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

}  // namespace
}  // namespace vitrine
