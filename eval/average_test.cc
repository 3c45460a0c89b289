#include "eval/average.h"

#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class AverageTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }

  Checkpoint Make(int64_t iteration, float weight) const {
    Checkpoint checkpoint;
    checkpoint.manifest.set_iteration(iteration);
    checkpoint.manifest.mutable_config()->mutable_model()->set_heads(4);
    checkpoint.manifest.add_class_names("cat");
    checkpoint.manifest.set_data_identity("cats");
    checkpoint.model = {{"w", at::full({2}, weight)}};
    checkpoint.optimizer = TensorMap{{"exp_avg.w", at::full({2}, 9.F)}};
    return checkpoint;
  }

  fs::path Write(const Checkpoint& checkpoint) const {
    EXPECT_OK(WriteCheckpoint(folder_, checkpoint));
    return folder_ / CheckpointName(checkpoint.manifest.iteration());
  }

  fs::path Write(int64_t iteration, float weight) const { return Write(Make(iteration, weight)); }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "average_test";
};

std::vector<std::string> Names(const absl::StatusOr<Paths>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths.value()) names.push_back(path.filename().string().substr(6));
  return names;
}

TEST_F(AverageTest, RangesAreHalfOpen) {
  const Paths all = {"c/000000100", "c/000000200", "c/000000300", "c/000000399"};
  EXPECT_THAT(Names(InRange(all, 100, 300)), ElementsAre("100", "200"));
  EXPECT_THAT(Names(InRange(all, 101, 400)), ElementsAre("200", "300", "399"));
  EXPECT_THAT(Names(LastOf(all, 2)), ElementsAre("300", "399"));
  EXPECT_THAT(InRange(all, 101, 200), Fails(absl::StatusCode::kNotFound,
                                            AllOf(HasSubstr("[101, 200)"), HasSubstr("100, 200"))));
  EXPECT_THAT(LastOf(all, 5), Fails(absl::StatusCode::kNotFound, HasSubstr("last 5")));
}

TEST_F(AverageTest, IsTheMeanAndSaysOfWhat) {
  const Paths paths = {Write(10, 1), Write(20, 2), Write(30, 6)};
  ASSERT_OK_AND_ASSIGN(const Checkpoint average, AverageCheckpoints(paths));
  EXPECT_TRUE(average.model.at("w").equal(at::full({2}, 3.F)));
  EXPECT_FALSE(average.optimizer.has_value());
  EXPECT_EQ(average.manifest.iteration(), 30);
  EXPECT_EQ(average.manifest.config().model().heads(), 4);
  EXPECT_EQ(average.manifest.data_identity(), "cats");
  EXPECT_THAT(average.manifest.class_names(), ElementsAre("cat"));
  EXPECT_THAT(average.manifest.average_of().iterations(), ElementsAre(10, 20, 30));
}

TEST_F(AverageTest, RoundTripsUnderAnyName) {
  ASSERT_OK_AND_ASSIGN(const Checkpoint average, AverageCheckpoints(Paths{Write(10, 1)}));
  ASSERT_OK(WriteCheckpointAs(folder_ / "soup", average));
  ASSERT_OK_AND_ASSIGN(const Checkpoint read, ReadCheckpoint(folder_ / "soup"));
  EXPECT_TRUE(read.model.at("w").equal(average.model.at("w")));
  EXPECT_THAT(read.manifest.average_of().iterations(), ElementsAre(10));
}

// What selected it would be forgotten.
TEST_F(AverageTest, AveragesAreNotAveragedAgain) {
  ASSERT_OK_AND_ASSIGN(const Checkpoint average, AverageCheckpoints(Paths{Write(10, 1)}));
  ASSERT_OK(WriteCheckpointAs(folder_ / "soup", average));
  EXPECT_THAT(
      AverageCheckpoints(Paths{Write(20, 1), folder_ / "soup"}),
      Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("soup: is an average itself")));
  EXPECT_OK(AverageCheckpoints(Paths{Write(20, 1), Write(10, 1)})) << "those that it is of";
}

TEST_F(AverageTest, IsWrittenUnderARelativeName) {
  ASSERT_OK_AND_ASSIGN(const Checkpoint average, AverageCheckpoints(Paths{Write(10, 1)}));
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const absl::Status written = WriteCheckpointAs("soup", average);
  fs::current_path(before);
  EXPECT_OK(written);
  EXPECT_OK(ReadCheckpoint(folder_ / "soup"));
}

TEST_F(AverageTest, OtherModelsAreRefusedWithTheFirstDifference) {
  Checkpoint heads = Make(20, 1), classes = Make(30, 1), shape = Make(40, 1);
  heads.manifest.mutable_config()->mutable_model()->set_heads(2);
  classes.manifest.set_class_names(0, "dog");
  shape.model = {{"w", at::full({3}, 1.F)}};
  const fs::path first = Write(10, 1);
  const auto with = [&](const Checkpoint& other) {
    return AverageCheckpoints(Paths{first, Write(other)});
  };
  EXPECT_THAT(with(heads), Fails(absl::StatusCode::kFailedPrecondition,
                                 AllOf(HasSubstr("000000020"), HasSubstr("model.heads: 4 -> 2"))));
  EXPECT_THAT(with(classes), Fails(absl::StatusCode::kFailedPrecondition,
                                   HasSubstr("class 0: cat -> dog; average those of one")));
  EXPECT_THAT(with(shape),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("w has shape [3]")));
}

// Gets the more images right, the nearer the weight is to 10.
absl::StatusOr<EvaluationResult> NearTen(const TensorMap& weights) {
  const double distance = std::abs(weights.at("w")[0].item<double>() - 10);
  EvaluationResult result;
  result.set_count(100);
  result.set_correct_top1(static_cast<int64_t>(100 - 10 * distance));
  result.set_loss(distance);
  return result;
}

TEST_F(AverageTest, SoupTakesWhatDoesNoHarm) {
  // 9 is best; with 12 the mean is 10.5, with 13 11, with 5 9 again.
  const Paths paths = {Write(1, 13), Write(2, 5), Write(3, 9), Write(4, 12)};
  EXPECT_THAT(Names(ChooseSoup(paths, NearTen)), ElementsAre("003", "004"));
  // By the loss 11 is no better than 9, and is later; the mean is right.
  const Paths equals = {Write(5, 9), Write(6, 11)};
  EXPECT_THAT(Names(ChooseSoup(equals, NearTen)), ElementsAre("006", "005"));
}

TEST_F(AverageTest, AJudgesErrorIsReturned) {
  const auto fail = [](const TensorMap&) -> absl::StatusOr<EvaluationResult> {
    return absl::DataLossError("no images");
  };
  EXPECT_THAT(ChooseSoup(Paths{Write(1, 1)}, fail),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("no images")));
}

}  // namespace
}  // namespace vitrine
