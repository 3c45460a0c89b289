#include "base/cuda_graph/recorder.h"

#include <memory>

#include "ATen/TensorOperators.h"
#include "ATen/ops/full.h"
#include "base/status_matchers.h"
#include "base/tensors/device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

TEST(RecorderTest, NothingIsDoneBeforeTheFirstReplay) {
  at::Tensor x = at::full({}, 1.0);
  ASSERT_OK_AND_ASSIGN(const auto doubling, CallingRecorder()([x] { x.mul_(2); }));
  EXPECT_EQ(x.item<float>(), 1);
  for (int i = 0; i < 3; ++i) doubling->Replay();
  EXPECT_EQ(x.item<float>(), 8);
}

TEST(RecorderTest, ACpuHasNone) { EXPECT_EQ(RecorderOf(at::kCPU), nullptr); }

// On a machine without a GPU the library cannot be opened, or is not there.
TEST(RecorderTest, SaysWhyNothingIsRecorded) {
  if (FindDevice("cuda", "").ok()) GTEST_SKIP() << "there is a GPU";
  EXPECT_THAT(RecorderOf(at::kCUDA)([] {}),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot open CUDA graphs: ")));
}

TEST(RecorderTest, ReplaysOnAGpu) {
  const auto gpu = FindDevice("cuda", "");
  if (!gpu.ok()) GTEST_SKIP() << gpu.status().message();
  at::Tensor x = at::full({}, 1.0, at::TensorOptions(*gpu).dtype(at::kFloat));
  const auto doubling = RecorderOf(*gpu)([x] { x.mul_(2); });
  ASSERT_THAT(doubling, IsOk());
  EXPECT_EQ(x.item<float>(), 1);
  for (int i = 0; i < 3; ++i) (*doubling)->Replay();
  EXPECT_EQ(x.item<float>(), 8);
}

}  // namespace
}  // namespace vitrine
