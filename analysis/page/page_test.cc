#include "analysis/page/page.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

// What the page's scripts will read.
std::string DataElement(const std::string& page) {
  const std::string_view begin = "id=\"data\">", end = "</script>";
  const size_t first = page.find(begin) + begin.size();
  return page.substr(first, page.find(end, first) - first);
}

TEST(PageTest, HoldsStyleScriptsAndData) {
  const std::string page = Page({{"runs", {{{"name", "first"}}}}});
  EXPECT_THAT(page, HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme"));
  EXPECT_THAT(page, HasSubstr("function chart("));
  EXPECT_THAT(page, HasSubstr("function summaryTable("));
  EXPECT_EQ(Json::parse(DataElement(page))["runs"][0]["name"], "first");
  for (const char* part :
       {"{{page.css}}", "{{dom.js}}", "{{scripts}}", "{{data}}", "http-equiv=\"refresh\""}) {
    EXPECT_THAT(page, Not(HasSubstr(part)));
  }
}

TEST(PageTest, EachKindHasItsOwnScripts) {
  const std::string page = Page({{"groups", Json::array()}}, PageKind::kNeighbours);
  EXPECT_THAT(page, HasSubstr("function neighbour("));
  EXPECT_THAT(page, HasSubstr("function picture("));
  EXPECT_THAT(page, Not(HasSubstr("function chart(")));
  EXPECT_THAT(page, Not(HasSubstr("{{scripts}}")));
}

TEST(PageTest, AsksForNothing) {
  for (const PageKind kind : {PageKind::kReport, PageKind::kNeighbours}) {
    const std::string page = Page({{"runs", Json::array()}}, kind);
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
    for (const char* request : {"https:", " src=\"http", "@import", "url("}) {
      EXPECT_THAT(page, Not(HasSubstr(request)));
    }
  }
}

TEST(PageTest, TextsStayTexts) {
  for (const std::string text : {"</script><script>alert(1)</script>", "<!--<script>",
                                 "{{page.css}}", "\"\\\n\u2028'&amp;"}) {
    const std::string page = Page({{"text", text}});
    EXPECT_EQ(Json::parse(DataElement(page))["text"], text);
  }
}

TEST(PageTest, WhatIsNotUtf8IsReplaced) {
  const std::string page = Page({{"text", "a\xff\xfe"}});
  EXPECT_EQ(Json::parse(DataElement(page))["text"], "a\ufffd\ufffd");
}

}  // namespace
}  // namespace vitrine
