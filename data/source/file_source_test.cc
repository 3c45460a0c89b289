#include "data/source/file_source.h"

#include <filesystem>
#include <variant>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

TEST(FileSourceTest, FilesAreInTheirOrderAndAbsentOnesNamed) {
  const fs::path folder = ::testing::TempDir();
  ASSERT_OK(WriteAndSync(folder / "b", "first"));
  ASSERT_OK(WriteAndSync(folder / "a", "second"));
  const FileSource source({folder / "b", folder / "a", folder / "absent"});
  ASSERT_EQ(source.size(), 3);
  const auto bytes = [&](int64_t index) {
    return std::string(std::get<EncodedBytes>(source.Read(index).value()).bytes);
  };
  EXPECT_EQ(bytes(0), "first");
  EXPECT_EQ(bytes(1), "second");
  EXPECT_EQ(source.Name(1), (folder / "a").string());
  EXPECT_THAT(source.Read(2), Fails(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

}  // namespace
}  // namespace vitrine
