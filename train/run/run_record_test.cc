#include "train/run/run_record.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/processor.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace vitrine {
namespace {

using ::testing::IsEmpty;
namespace fs = std::filesystem;

class RunRecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    ASSERT_OK(CreateFolder(folder_));
  }

  nlohmann::json Written(const RunRecord& record) const {
    EXPECT_OK(WriteRunRecord(path_, ExperimentConfig(), record));
    return nlohmann::json::parse(ReadFile(path_).value());
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "run_record_test";
  const fs::path path_ = folder_ / "run.json";
};

TEST_F(RunRecordTest, ARunIsFinishedOnceItWasTested) {
  EXPECT_FALSE(IsFinished(path_));
  RunRecord record;
  Written(record);
  EXPECT_FALSE(IsFinished(path_));
  record.test = {.count = 1};
  Written(record);
  EXPECT_TRUE(IsFinished(path_));
}

TEST_F(RunRecordTest, RemembersTheProcessor) {
  EXPECT_THAT(RecordedProcessor(path_), IsEmpty());
  Written({});
  EXPECT_EQ(RecordedProcessor(path_), CpuCapability());
}

TEST_F(RunRecordTest, TellsProcessorsApartThatTheEnvironmentMakesDifferent) {
  const std::string usual = CpuCapability();
  for (const char* variable : {"ONEDNN_MAX_CPU_ISA", "MKL_CBWR"}) {
    setenv(variable, "AVX2", /*overwrite=*/1);
    Written({});
    EXPECT_EQ(RecordedProcessor(path_), absl::StrCat(usual, ", ", variable, "=AVX2"));
    setenv(variable, "", /*overwrite=*/1);
    EXPECT_EQ(CpuCapability(), usual) << "empty is as good as unset";
    unsetenv(variable);
  }
}

TEST_F(RunRecordTest, WhatIsNoRecordSaysNothing) {
  for (const char* text : {"", "{", "[]", "3", "{\"status\": 1, \"cpu_capability\": []}"}) {
    ASSERT_OK(WriteAtomically(path_, text));
    EXPECT_FALSE(IsFinished(path_)) << text;
    EXPECT_THAT(RecordedProcessor(path_), IsEmpty()) << text;
  }
}

TEST_F(RunRecordTest, FindsTheRevisionWhereverGitKeepsIt) {
  setenv("BUILD_WORKSPACE_DIRECTORY", folder_.c_str(), /*overwrite=*/1);
  EXPECT_EQ(Written({})["git_revision"], "unknown");
  ASSERT_OK(CreateFolder(folder_ / ".git/refs/heads"));
  ASSERT_OK(WriteAtomically(folder_ / ".git/HEAD", "ref: refs/heads/main\n"));
  EXPECT_EQ(Written({})["git_revision"], "unknown");
  ASSERT_OK(WriteAtomically(folder_ / ".git/packed-refs",
                            "# pack-refs with: peeled fully-peeled sorted\n"
                            "111 refs/heads/domain\n222 refs/heads/main\n"));
  EXPECT_EQ(Written({})["git_revision"], "222");
  ASSERT_OK(WriteAtomically(folder_ / ".git/refs/heads/main", "333\n"));
  EXPECT_EQ(Written({})["git_revision"], "333") << "packed ones are older";
  ASSERT_OK(WriteAtomically(folder_ / ".git/HEAD", "444\n"));
  EXPECT_EQ(Written({})["git_revision"], "444") << "no branch is checked out";
  unsetenv("BUILD_WORKSPACE_DIRECTORY");
}

}  // namespace
}  // namespace vitrine
