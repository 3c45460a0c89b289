#include "base/parallel/own_gpu.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(OwnGpuTest, IsOneForEachProcessOfAMachine) {
  EXPECT_EQ(OwnGpu(0, {}, 8), "0");
  EXPECT_EQ(OwnGpu(7, {}, 8), "7");
}

TEST(OwnGpuTest, IsSharedWhereThereAreMoreProcesses) {
  EXPECT_EQ(OwnGpu(1, {}, 1), "0");
  EXPECT_EQ(OwnGpu(5, {}, 4), "1");
}

TEST(OwnGpuTest, IsOneOfThoseThatTheyMaySee) {
  const Variables numbers = {{"CUDA_VISIBLE_DEVICES", "6, 3"}};
  EXPECT_EQ(OwnGpu(0, numbers, 8), "6");
  EXPECT_EQ(OwnGpu(1, numbers, 8), "3");
  EXPECT_EQ(OwnGpu(2, numbers, 8), "6");
  const Variables names = {{"CUDA_VISIBLE_DEVICES", "GPU-8f3c,MIG-77a1"}};
  EXPECT_EQ(OwnGpu(1, names, 0), "MIG-77a1");
  EXPECT_EQ(OwnGpu(1, {{"CUDA_VISIBLE_DEVICES", "2,-1,3"}}, 8), "2") << "CUDA stops at -1";
}

TEST(OwnGpuTest, IsNoneWhereThereIsNone) {
  EXPECT_EQ(OwnGpu(0, {}, 0), "");
  EXPECT_EQ(OwnGpu(0, {{"CUDA_VISIBLE_DEVICES", ""}}, 8), "");
  EXPECT_EQ(OwnGpu(0, {{"CUDA_VISIBLE_DEVICES", "-1"}}, 8), "");
}

TEST(OwnGpuTest, HidesTheOthers) {
  setenv("CUDA_VISIBLE_DEVICES", "4,5", 1);
  LaunchEnvironment environment;
  environment.local_rank = 1;
  SeeOwnGpuOnly(environment);
  EXPECT_STREQ(std::getenv("CUDA_VISIBLE_DEVICES"), "4,5") << "a process on its own may choose";
  environment.size = 2;
  SeeOwnGpuOnly(environment);
  EXPECT_STREQ(std::getenv("CUDA_VISIBLE_DEVICES"), "5");
}

}  // namespace
}  // namespace vitrine
