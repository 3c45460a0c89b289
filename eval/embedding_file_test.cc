#include "eval/embedding_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "ATen/ops/arange.h"
#include "ATen/ops/tensor.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/status_matchers.h"
#include "base/tensors/npy.h"
#include "base/tensors/safetensors.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class EmbeddingFileTest : public ::testing::Test {
 protected:
  // Rows of [2, 3], in batches of two, of those of five images that have these indices.
  static void Write(const fs::path& path, const std::vector<int64_t>& indices) {
    ASSERT_OK_AND_ASSIGN(EmbeddingFile file,
                         EmbeddingFile::Create(path, {"a", "b, c", "d\"", "雀", "e"}));
    for (size_t i = 0; i < indices.size(); i += 2) {
      const std::vector<int64_t> some(indices.begin() + i,
                                      indices.begin() + std::min(i + 2, indices.size()));
      ASSERT_OK(file.Append(RowsOf(some), at::tensor(some)));
    }
    EXPECT_THAT(file.sizes(), ElementsAre(indices.size(), 2, 3));
    EXPECT_FALSE(fs::exists(path));
    ASSERT_OK(file.Commit());
  }

  static at::Tensor RowsOf(const std::vector<int64_t>& indices) {
    return at::arange(30, at::kFloat).view({5, 2, 3}).index_select(0, at::tensor(indices));
  }

  int FilesThere() const {
    return static_cast<int>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const fs::path folder_ = EmptyFolder("embedding_file_test");
};

TEST_F(EmbeddingFileTest, NpyHasAllRowsAndNamesBesideIt) {
  Write(folder_ / "all.npy", {0, 1, 2, 3, 4});
  EXPECT_EQ(ReadFile(folder_ / "all.npy").value(), NpyBytes(RowsOf({0, 1, 2, 3, 4})));
  EXPECT_EQ(ReadFile(folder_ / "all.txt").value(), "a\nb, c\nd\"\n雀\ne\n");
  EXPECT_EQ(FilesThere(), 2);
}

TEST_F(EmbeddingFileTest, WhatHasNoRowHasNoName) {
  Write(folder_ / "some.npy", {1, 2, 4});
  EXPECT_EQ(ReadFile(folder_ / "some.npy").value(), NpyBytes(RowsOf({1, 2, 4})));
  EXPECT_EQ(ReadFile(folder_ / "some.txt").value(), "b, c\nd\"\ne\n");
  Write(folder_ / "some.safetensors", {1, 2, 4});
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors, ReadSafetensors(folder_ / "some.safetensors"));
  EXPECT_TRUE(tensors.at("features").equal(RowsOf({1, 2, 4})));
}

TEST_F(EmbeddingFileTest, SafetensorsHasTheNamesInItsMetadata) {
  Write(folder_ / "all.safetensors", {0, 1, 2, 3, 4});
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors, ReadSafetensors(folder_ / "all.safetensors"));
  ASSERT_EQ(tensors.size(), 1);
  EXPECT_TRUE(tensors.at("features").equal(RowsOf({0, 1, 2, 3, 4})));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(folder_ / "all.safetensors"));
  uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0) << "so that the numbers are aligned";
  const Json header = ParseJson(std::string_view(bytes).substr(8, length));
  const Json names = ParseJson(header["__metadata__"]["files"].get<std::string>());
  EXPECT_EQ(names, Json({"a", "b, c", "d\"", "雀", "e"}));
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(EmbeddingFileTest, WithoutCommitNothingIsThere) {
  for (const char* name : {"f.npy", "f.safetensors"}) {
    ASSERT_OK_AND_ASSIGN(EmbeddingFile file, EmbeddingFile::Create(folder_ / name, {"a", "b"}));
    ASSERT_OK(file.Append(RowsOf({0}), at::tensor({0}, at::kLong)));
  }
  EXPECT_EQ(FilesThere(), 0);
}

TEST_F(EmbeddingFileTest, WhatCannotBeWrittenIsRefused) {
  const auto create = [&](const std::string& name, const std::string& image) {
    return EmbeddingFile::Create(folder_ / name, {image}).status();
  };
  EXPECT_THAT(create("f.csv", "a"), Fails(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("must end with .npy or .safetensors")));
  EXPECT_THAT(create("f.npy", "a\nb"),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("\"a\\nb\": has a line break")));
  EXPECT_OK(create("f.safetensors", "a\nb"));
  EXPECT_THAT(
      create("f.safetensors", "bad\xff.png"),
      Fails(absl::StatusCode::kInvalidArgument, HasSubstr("bad\\xff.png: its name is not UTF-8")));
  EXPECT_OK(create("f.npy", "bad\xff.png"));
  EXPECT_THAT(create("none/f.npy", "a"),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("none is no folder")));
  WriteTestFile(folder_ / "taken.npy", "");
  WriteTestFile(folder_ / "names.txt", "");
  for (const char* name : {"taken.npy", "names.npy"}) {
    EXPECT_THAT(create(name, "a"),
                Fails(absl::StatusCode::kAlreadyExists, HasSubstr("is there already; take")));
  }
  EXPECT_EQ(FilesThere(), 2);
}

}  // namespace
}  // namespace vitrine
