#include "base/programs/processor_count.h"

#include <sched.h>

#include <filesystem>
#include <limits>
#include <string>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int kNone = std::numeric_limits<int>::max();

// A machine's /proc and /sys, in files of the test's own.
class CpuQuotaTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& contents) {
    fs::create_directories((root_ / path).parent_path());
    ASSERT_OK(WriteAtomically(root_ / path, contents));
  }

  void WriteSecondVersion(const std::string& group, const std::string& mounted = "/") {
    Write("proc/self/cgroup", "0::" + group + "\n");
    Write("proc/self/mountinfo",
          "22 1 0:20 / /proc rw - proc proc rw\n"
          "35 24 0:30 " +
              mounted + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  }

  void WriteFirstVersion(const std::string& group, const std::string& mounted) {
    Write("proc/self/cgroup", "11:memory:/elsewhere\n4:cpu,cpuacct:" + group + "\n0::/ignored\n");
    Write("proc/self/mountinfo",
          "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "31 24 0:27 " +
              mounted +
              " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
              "rw,cpu,cpuacct\n");
  }

  const fs::path root_ = fs::path(::testing::TempDir()) / "root";
};

TEST_F(CpuQuotaTest, NoneWhereThereIsNoGroup) {
  EXPECT_EQ(CpuQuota(root_), kNone);
  WriteSecondVersion("/");
  EXPECT_EQ(CpuQuota(root_), kNone);
}

TEST_F(CpuQuotaTest, OfTheGroupAndOfThoseAroundIt) {
  WriteSecondVersion("/slice/job");
  Write("sys/fs/cgroup/slice/job/cpu.max", "max 100000\n");
  EXPECT_EQ(CpuQuota(root_), kNone);
  Write("sys/fs/cgroup/slice/cpu.max", "800000 100000\n");
  EXPECT_EQ(CpuQuota(root_), 8);
  Write("sys/fs/cgroup/slice/job/cpu.max", "150000 50000\n");
  EXPECT_EQ(CpuQuota(root_), 3);
  Write("sys/fs/cgroup/slice/other/cpu.max", "50000 50000\n");
  EXPECT_EQ(CpuQuota(root_), 3) << "another's";
}

TEST_F(CpuQuotaTest, PartsOfAProcessorDoNotCountButOneIsThere) {
  WriteSecondVersion("/job");
  Write("sys/fs/cgroup/job/cpu.max", "290000 100000\n");
  EXPECT_EQ(CpuQuota(root_), 2);
  Write("sys/fs/cgroup/job/cpu.max", "20000 100000\n");
  EXPECT_EQ(CpuQuota(root_), 1);
}

TEST_F(CpuQuotaTest, InAContainerTheMountIsTheGroup) {
  for (const std::string group : {"/", "/../..", "/docker/0a1b"}) {
    WriteSecondVersion(group, group == "/docker/0a1b" ? group : "/");
    Write("sys/fs/cgroup/cpu.max", "400000 100000\n");
    EXPECT_EQ(CpuQuota(root_), 4) << group;
  }
}

TEST_F(CpuQuotaTest, OfTheFirstVersion) {
  WriteFirstVersion("/docker/0a1b", "/docker/0a1b");
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(CpuQuota(root_), kNone);
  Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
  EXPECT_EQ(CpuQuota(root_), 2);
  WriteFirstVersion("/slurm/job_7", "/");
  Write("sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(CpuQuota(root_), 1);
}

TEST_F(CpuQuotaTest, WhatIsNotUnderstoodIsNoQuota) {
  WriteSecondVersion("/job");
  for (const char* text : {"", "\n", "8\n", "many some\n", "-5 100000\n", "100000 0\n"}) {
    Write("sys/fs/cgroup/job/cpu.max", text);
    EXPECT_EQ(CpuQuota(root_), kNone) << text;
  }
  Write("proc/self/mountinfo", "35 24\n- - -\n\n");
  Write("proc/self/cgroup", "0\n:\n");
  EXPECT_EQ(CpuQuota(root_), kNone);
}

TEST(ProcessorCountTest, IsNotMoreThanTheAffinity) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_GE(ProcessorCount(), 1);
  EXPECT_LE(ProcessorCount(), CPU_COUNT(&before));
  CPU_ZERO(&one);
  int processor = 0;
  while (!CPU_ISSET(processor, &before)) ++processor;
  CPU_SET(processor, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(ProcessorCount(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace vitrine
