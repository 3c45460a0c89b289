#include "data/source/relabeled_source.h"

#include <string>
#include <utility>

#include "ATen/ops/tensor.h"
#include "ATen/ops/zeros.h"
#include "base/status_matchers.h"
#include "data/source/memory_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MatchClassesTest, PlacesInTheOtherList) {
  ASSERT_OK_AND_ASSIGN(const auto labels, MatchClasses({"a", "b", "c"}, {"b", "c", "a"}));
  EXPECT_THAT(labels, ElementsAre(2, 0, 1));
}

TEST(MatchClassesTest, OtherClassesAreNamed) {
  EXPECT_THAT(
      MatchClasses({"a", "x"}, {"a", "b"}),
      Fails(absl::StatusCode::kInvalidArgument,
            HasSubstr("2 as there; of those expected 'b' is missing, of those found 'x' is new")));
  EXPECT_THAT(
      MatchClasses({"a"}, {"a", "b"}),
      Fails(absl::StatusCode::kInvalidArgument,
            HasSubstr("1 and not 2; of those expected 'b' is missing, of those found none")));
  EXPECT_THAT(MatchClasses({"a line"}, {"a\nline"}),
              Fails(absl::StatusCode::kInvalidArgument,
                    HasSubstr("'a\\nline' is missing, of those found 'a line' is new")));
  EXPECT_FALSE(MatchClasses({"a", "a"}, {"a", "b"}).ok());
  EXPECT_FALSE(MatchClasses({"a", "a"}, {"a", "a"}).ok()) << "which is which?";
  EXPECT_FALSE(MatchClasses({"a", "b"}, {"a"}).ok());
}

TEST(RelabeledSourceTest, LabelsChangeAndImagesStay) {
  const auto source = std::make_shared<MemorySource>(
      "made up", ImageSet{.images = at::zeros({3, 1, 2, 2}, at::kByte),
                          .labels = at::tensor({1, 0, -1}, at::kLong)});
  const RelabeledSource relabeled(source, {5, 7});
  EXPECT_EQ(relabeled.size(), 3);
  EXPECT_EQ(relabeled.Label(0), 7);
  EXPECT_EQ(relabeled.Label(1), 5);
  EXPECT_EQ(relabeled.Label(2), -1);
  EXPECT_EQ(relabeled.Name(1), "made up image 1");
  EXPECT_OK(relabeled.Read(1));
}

}  // namespace
}  // namespace vitrine
