#include "train/checkpoint/checkpoint_writer.h"

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class CheckpointWriterTest : public EachDevice {
 protected:
  void SetUp() override {
    EachDevice::SetUp();
    fs::remove_all(folder_);
    ASSERT_OK(CreateFolder(folder_));
  }

  absl::StatusOr<float> Written(int64_t iteration) const {
    const auto checkpoint = ReadCheckpoint(folder_ / CheckpointName(iteration));
    if (!checkpoint.ok()) return checkpoint.status();
    return checkpoint->model.at("w")[0].item<float>();
  }

  Checkpoint Make(int64_t iteration) {
    Checkpoint checkpoint;
    checkpoint.manifest.set_iteration(iteration);
    checkpoint.model = {{"w", weights_}};
    checkpoint.optimizer = TensorMap{{"m", weights_}};
    return checkpoint;
  }

  at::Tensor weights_ = at::full({1 << 20}, 0.0f, device_).requires_grad_(true);
  const fs::path folder_ = fs::path(::testing::TempDir()) / "checkpoint_writer_test";
};

// Training changes the weights while the thread writes them.
TEST_P(CheckpointWriterTest, WritesTheValuesOfTheMomentOfTheCall) {
  CheckpointConfig config;
  config.set_keep_last(0);
  CheckpointWriter writer(folder_, config);
  for (int i = 1; i <= 4; ++i) {
    weights_.detach().fill_(i);
    ASSERT_OK(writer.Write(Make(i)));
    weights_.detach().fill_(-1);
  }
  ASSERT_OK(writer.Finish());
  for (int i = 1; i <= 4; ++i) {
    ASSERT_OK_AND_ASSIGN(const float value, Written(i));
    EXPECT_EQ(value, i);
  }
}

TEST_P(CheckpointWriterTest, RemovesWhatIsNotKept) {
  CheckpointConfig config;
  config.set_keep_last(1);
  config.set_keep_best(true);
  CheckpointWriter writer(folder_, config);
  for (int i = 1; i <= 3; ++i) {
    Checkpoint checkpoint = Make(i);
    checkpoint.manifest.mutable_best()->set_iteration(1);
    ASSERT_OK(writer.Write(checkpoint));
  }
  ASSERT_OK(writer.Finish());
  EXPECT_THAT(Written(1), IsOk());
  EXPECT_THAT(Written(2), Not(IsOk()));
  EXPECT_THAT(Written(3), IsOk());
}

TEST_P(CheckpointWriterTest, CallsOnceItIsThereAndBeforeOlderOnesAreGone) {
  CheckpointConfig config;
  config.set_keep_last(1);
  CheckpointWriter writer(folder_, config);
  ASSERT_OK(writer.Write(Make(1)));
  int calls = 0;
  ASSERT_OK(writer.Write(Make(2), [&] {
    ++calls;
    EXPECT_THAT(Written(1), IsOk());
    EXPECT_THAT(Written(2), IsOk());
    return absl::InternalError("told");
  }));
  EXPECT_THAT(writer.Finish(), Fails(absl::StatusCode::kInternal, HasSubstr("told")));
  EXPECT_EQ(calls, 1);
}

TEST_P(CheckpointWriterTest, ErrorsComeWithTheNextCall) {
  fs::remove_all(folder_);
  CheckpointWriter writer(folder_, CheckpointConfig());
  ASSERT_OK(writer.Write(Make(1)));
  EXPECT_THAT(writer.Finish(), Not(IsOk()));
  EXPECT_OK(writer.Finish()) << "an error is told once";
  ASSERT_OK(writer.Write(Make(2)));
  EXPECT_THAT(writer.Write(Make(3)),
              Fails(absl::StatusCode::kNotFound, HasSubstr("no longer there")));
  EXPECT_FALSE(fs::exists(folder_)) << "what somebody removed does not come back";
}

TEST_P(CheckpointWriterTest, ItsEndWaitsForTheDisk) {
  { CheckpointWriter(folder_, CheckpointConfig()).Write(Make(1)).IgnoreError(); }
  EXPECT_THAT(Written(1), IsOk());
}

INSTANTIATE_ON_EACH_DEVICE(CheckpointWriterTest);

}  // namespace
}  // namespace vitrine
