#include "analysis/page/evaluation_data.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

void AddMistake(int taken_for, int64_t count, EvaluationResult::Class* one) {
  EvaluationResult::Class::Mistake* const mistake = one->add_mistakes();
  mistake->set_taken_for(taken_for);
  mistake->set_count(count);
  one->set_count(one->count() + count);
}

// Classes c0, c1 ... of so many images each, all right as yet.
EvaluationResult Result(int classes, int64_t images) {
  EvaluationResult result;
  for (int i = 0; i < classes; ++i) {
    EvaluationResult::Class* const one = result.add_classes();
    one->set_name(absl::StrCat("c", i));
    one->set_count(images);
    one->set_correct(images);
  }
  result.set_count(classes * images);
  result.set_correct_top1(classes * images);
  return result;
}

TEST(EvaluationDataTest, OfFewClassesEveryConfusionIsThere) {
  EvaluationResult result = Result(100, 4);
  AddMistake(7, 2, result.mutable_classes(3));
  AddMistake(99, 1, result.mutable_classes(3));
  const Json json = DescribeEvaluation(result);
  EXPECT_EQ(json["classes"].size(), 100);
  EXPECT_EQ(json["classes"][3],
            Json({{"name", "c3"}, {"count", 7}, {"correct", 4}, {"mistakes", {{7, 2}, {99, 1}}}}));
  EXPECT_TRUE(json["classes"][4]["mistakes"].empty());
  EXPECT_FALSE(json.contains("worst"));
}

TEST(EvaluationDataTest, OfManyTheWorstClassesAreListed) {
  EvaluationResult result = Result(101, 2);
  AddMistake(0, 6, result.mutable_classes(50));  // 2 of 8
  AddMistake(1, 1, result.mutable_classes(60));  // 2 of 4
  AddMistake(2, 1, result.mutable_classes(60));
  result.mutable_classes(70)->set_correct(0);    // of 2
  AddMistake(5, 1, result.mutable_classes(80));  // of 1
  result.mutable_classes(80)->set_correct(0);
  result.mutable_classes(80)->set_count(1);
  result.mutable_classes(90)->set_count(0);  // has no images
  result.mutable_classes(90)->set_correct(0);
  const Json worst = DescribeEvaluation(result)["worst"];
  EXPECT_EQ(worst["classes"], 100);
  EXPECT_EQ(worst["with_mistakes"], 4);
  const Json& listed = worst["listed"];
  ASSERT_EQ(listed.size(), 30);
  EXPECT_THAT((std::vector<Json>{listed[0]["name"], listed[1]["name"], listed[2]["name"],
                                 listed[3]["name"], listed[4]["name"]}),
              ElementsAre("c70", "c80", "c50", "c60", "c0"));
  EXPECT_EQ(listed[2], Json({{"name", "c50"}, {"count", 8}, {"correct", 2}, {"taken_for", "c0"}}));
  EXPECT_EQ(listed[3]["taken_for"], "c1") << "of equals the first";
  EXPECT_FALSE(listed[4].contains("taken_for"));
}

TEST(EvaluationDataTest, OfManyTheMostFrequentConfusionsAreListed) {
  EvaluationResult result = Result(200, 1);
  for (int i = 0; i < 60; ++i) AddMistake(i + 1, i % 50, result.mutable_classes(i));
  result.set_count(2000);
  result.set_correct_top1(800);
  const Json worst = DescribeEvaluation(result)["worst"];
  EXPECT_EQ(worst["wrong"], 1200);
  EXPECT_EQ(worst["confusions"], 60);
  ASSERT_EQ(worst["confusions_listed"].size(), 30);
  EXPECT_EQ(worst["confusions_listed"][0],
            Json({{"is", "c49"}, {"of", 50}, {"taken_for", "c50"}, {"count", 49}}));
  EXPECT_EQ(worst["confusions_listed"][29]["count"], 20);
}

// With all cells of the matrix it would be 50 MB.
TEST(EvaluationDataTest, DoesNotGrowWithTheSquareOfTheClasses) {
  const auto size = [](int classes) {
    EvaluationResult result = Result(classes, 1);
    for (int i = 0; i < classes; ++i) {
      for (int j = 1; j <= 9; ++j) AddMistake((i + j) % classes, 1, result.mutable_classes(i));
    }
    return CompactJson(DescribeEvaluation(result)).size();
  };
  EXPECT_LT(size(5000), 10'000);
  EXPECT_LT(size(100), 100 * 200);
}

}  // namespace
}  // namespace vitrine
