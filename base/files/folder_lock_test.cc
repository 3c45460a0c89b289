#include "base/files/folder_lock.h"

#include <optional>
#include <string>
#include <utility>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

const std::string kFolder = ::testing::TempDir() + "/folder_lock_test/new";

TEST(FolderLockTest, HasOneHolderAtATime) {
  ASSERT_OK_AND_ASSIGN(std::optional<FolderLock> first, FolderLock::Acquire(kFolder));
  EXPECT_THAT(FolderLock::Acquire(kFolder),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("another process")));
  first.reset();
  EXPECT_OK(FolderLock::Acquire(kFolder));
}

TEST(FolderLockTest, MovesWithItsHolder) {
  ASSERT_OK_AND_ASSIGN(FolderLock first, FolderLock::Acquire(kFolder));
  const FolderLock second = std::move(first);
  EXPECT_FALSE(FolderLock::Acquire(kFolder).ok());
}

TEST(FolderLockTest, NoFolderNoLock) {
  EXPECT_THAT(FolderLock::Acquire("/proc/none"), ::testing::Not(IsOk()));
}

}  // namespace
}  // namespace vitrine
