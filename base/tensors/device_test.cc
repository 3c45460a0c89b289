#include "base/tensors/device.h"

#include <cstdlib>

#include "ATen/ops/empty.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(FindDeviceTest, ProcessorIsAlwaysThere) {
  ASSERT_OK_AND_ASSIGN(const at::Device device, FindDevice("cpu", ""));
  EXPECT_TRUE(device.is_cpu());
  EXPECT_THAT(DescribeDevice(device), StartsWith("cpu ("));
}

TEST(FindDeviceTest, AutoFindsOne) { EXPECT_OK(FindDevice("auto", "")); }

TEST(FindDeviceTest, CudaIsThereOrRefusedWithTheRemedy) {
  const auto device = FindDevice("cuda", "");
  if (device.ok()) {
    EXPECT_TRUE(device->is_cuda());
    return;
  }
  EXPECT_THAT(device, Fails(absl::StatusCode::kFailedPrecondition,
                            AllOf(HasSubstr("--config=cuda"), HasSubstr("--torch_cuda_library"))));
}

TEST(FindDeviceTest, OtherNamesAndLibrariesAreRefused) {
  EXPECT_THAT(FindDevice("tpu", ""),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("not 'tpu'")));
  EXPECT_THAT(FindDevice("cuda", "/nonexistent/libtorch_cuda.so"),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("/nonexistent"), HasSubstr("into LD_LIBRARY_PATH"))));
}

TEST(FindDeviceTest, LibraryOfTheEnvironmentIsOneToo) {
  setenv("VITRINE_TORCH_CUDA_LIBRARY", "/nonexistent/of_environment.so", /*overwrite=*/1);
  EXPECT_OK(FindDevice("cpu", ""));
  EXPECT_THAT(FindDevice("auto", ""),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("of_environment.so")));
  EXPECT_THAT(FindDevice("auto", "/nonexistent/of_flag.so"),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("of_flag.so")));
  unsetenv("VITRINE_TORCH_CUDA_LIBRARY");
}

TEST(SeededGeneratorTest, DrawsFollowFromTheKey) {
  const auto draw = [](uint64_t key) {
    return at::empty({8}).normal_(0, 1, SeededGenerator(at::kCPU, key));
  };
  EXPECT_TRUE(draw(1).equal(draw(1)));
  EXPECT_FALSE(draw(1).equal(draw(2)));
}

TEST(SeededGeneratorTest, OnAGpuToo) {
  const auto device = FindDevice("cuda", "");
  if (!device.ok()) GTEST_SKIP() << device.status().message();
  const auto draw = [&](uint64_t key) {
    return at::empty({8}, *device).normal_(0, 1, SeededGenerator(*device, key));
  };
  EXPECT_TRUE(draw(1).equal(draw(1)));
  EXPECT_FALSE(draw(1).equal(draw(2)));
}

}  // namespace
}  // namespace vitrine
