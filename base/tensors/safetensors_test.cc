#include "base/tensors/safetensors.h"

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "ATen/ops/arange.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/full.h"
#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "base/tensors/each_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

std::string File(std::string_view header, std::string_view data) {
  const uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return absl::StrCat(bytes, header, data);
}

std::filesystem::path TestPath() {
  return std::filesystem::path(::testing::TempDir()) / "test.safetensors";
}

using SafetensorsTest = EachDevice;
INSTANTIATE_ON_EACH_DEVICE(SafetensorsTest);

TEST_P(SafetensorsTest, RoundTripKeepsNamesTypesShapesAndBits) {
  TensorMap tensors = {
      {"float", at::arange(6, at::kFloat).reshape({2, 3}).t()},  // not contiguous
      {"double", at::full({2}, 0.1, at::kDouble)},
      {"half", at::full({3}, 0.1, at::kHalf)},
      {"bfloat16", at::full({3}, 0.1, at::kBFloat16)},
      {"long", at::arange(4, at::kLong)},
      {"int", at::arange(4, at::kInt)},
      {"byte", at::arange(5, at::kByte)},
      {"bool", at::full({2}, true, at::kBool)},
      {"scalar", at::full({}, 7.0, at::kFloat)},
      {"empty", at::empty({0, 3}, at::kFloat)},
      {"a \"quoted\" name", at::arange(2, at::kFloat)},
  };
  for (auto& [name, tensor] : tensors) tensor = tensor.to(device_);
  ASSERT_OK_AND_ASSIGN(const FileDigest digest, WriteSafetensors(TestPath(), tensors));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(TestPath()));
  EXPECT_EQ(digest.size, bytes.size());
  EXPECT_EQ(digest.crc32c, Crc32c(bytes));
  ASSERT_OK_AND_ASSIGN(const TensorMap read, ReadSafetensors(TestPath()));
  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_EQ(read.count(name), 1) << name;
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read.at(name).equal(tensor.cpu())) << name;
  }
}

// The header of a file of others may have any length.
TEST(SafetensorsTest, NumbersMayBeginAnywhere) {
  const float values[] = {1, 2};
  const std::string data(reinterpret_cast<const char*>(values), sizeof(values));
  for (int spaces = 0; spaces < 8; ++spaces) {
    const std::string header = absl::StrCat(
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", std::string(spaces, ' '));
    ASSERT_OK_AND_ASSIGN(TensorMap read, ParseSafetensors(File(header, data)));
    const at::Tensor a = read.at("a");
    read.clear();
    EXPECT_TRUE(a.equal(at::arange(1, 3, at::kFloat))) << spaces;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(a.const_data_ptr()) % sizeof(float), 0) << spaces;
  }
}

// Made by Python's safetensors 0.4.5: save({"a": np.float32([[1, 2]]), "b": np.int64([-1])}).
TEST(SafetensorsTest, ReadsWhatPythonWrites) {
  std::string data(16, '\xFF');
  const float values[] = {1, 2};
  std::memcpy(data.data() + 8, values, 8);
  const std::string header = R"({"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                             R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}})";
  ASSERT_OK_AND_ASSIGN(const TensorMap read, ParseSafetensors(File(header, data)));
  EXPECT_TRUE(read.at("a").equal(at::arange(1, 3, at::kFloat).reshape({1, 2})));
  EXPECT_EQ(read.at("b").item<int64_t>(), -1);
}

TEST(SafetensorsTest, MetadataIsPassedOver) {
  ASSERT_OK_AND_ASSIGN(const TensorMap read,
                       ParseSafetensors(File(R"({"__metadata__":{"format":"pt"}})", "")));
  EXPECT_TRUE(read.empty());
}

TEST(SafetensorsTest, MetadataIsWrittenBeforeTheTensors) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "metadata";
  ASSERT_OK(WriteSafetensors(path, {{"t", at::full({2}, 1.0f)}}, {{"format", "pt"}}));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(path));
  EXPECT_THAT(bytes.substr(8), ::testing::StartsWith(R"({"__metadata__":{"format":"pt"},"t":)"));
  ASSERT_OK_AND_ASSIGN(const TensorMap read, ReadSafetensors(path));
  EXPECT_EQ(read.size(), 1);
}

struct HostileCase {
  std::string name, header, data, message;
};

class HostileTest : public ::testing::TestWithParam<HostileCase> {};

TEST_P(HostileTest, IsRefusedInOneLine) {
  EXPECT_THAT(ParseSafetensors(File(GetParam().header, GetParam().data)),
              Fails(absl::StatusCode::kDataLoss, HasSubstr(GetParam().message)));
}

std::string Entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return absl::StrCat(R"({"t":{"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":)",
                      offsets, "}}");
}

INSTANTIATE_TEST_SUITE_P(
    Headers, HostileTest,
    ::testing::Values(
        HostileCase{"NotJson", "{", "", "not JSON"}, HostileCase{"List", "[]", "", "not JSON"},
        HostileCase{"DeepNesting", std::string(100'000, '['), "", "not JSON"},
        HostileCase{"EntryNotObject", R"({"t":1})", "", "tensor 't'"},
        HostileCase{"NameOfTwoLines", R"({"a\nb":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                    "x", "control characters"},
        HostileCase{"UnknownType", Entry("F8", "[1]", "[0,1]"), "x", "dtype is unknown"},
        HostileCase{"NegativeSize", Entry("U8", "[-1]", "[0,1]"), "x", "not a count"},
        HostileCase{"FractionalSize", Entry("U8", "[0.5]", "[0,1]"), "x", "not a count"},
        HostileCase{"ShapeOverflows", Entry("F32", "[4294967296,4294967296]", "[0,0]"), "",
                    "too large"},
        HostileCase{"BytesOverflow", Entry("F64", "[2305843009213693952]", "[0,0]"), "",
                    "do not fit"},
        HostileCase{"BeginAfterEnd", Entry("U8", "[1]", "[2,1]"), "xx", "do not fit"},
        HostileCase{"OffsetsTooWide", Entry("U8", "[1]", "[0,2]"), "xx", "do not fit"},
        HostileCase{"BeyondTheEnd", Entry("U8", "[4]", "[0,4]"), "xx", "promises 4 bytes"},
        HostileCase{"UnusedTail", Entry("U8", "[1]", "[0,1]"), "xx", "promises 1 bytes"},
        HostileCase{"UnusedStart", Entry("U8", "[1]", "[1,2]"), "xx", "overlap"},
        HostileCase{"Overlap",
                    R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                    R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                    "xxx", "overlap"},
        HostileCase{"ExtraKey", R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}})",
                    "x", "nothing else"}),
    [](const auto& info) { return info.param.name; });

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  ASSERT_OK(WriteSafetensors(TestPath(), {{"t", at::arange(5, at::kFloat)}}));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(TestPath()));
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(ParseSafetensors(bytes.substr(0, length)).ok()) << length << " bytes";
  }
}

TEST(SafetensorsTest, HugeHeaderLengthIsRefused) {
  EXPECT_THAT(ParseSafetensors(std::string(8, '\xFF')),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("bytes, the most is 100000000")));
}

TEST(SafetensorsTest, APointerOfGitLfsIsNamed) {
  EXPECT_THAT(ParseSafetensors("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("git lfs pull")));
}

TEST(SafetensorsTest, ErrorNamesTheFile) {
  ASSERT_OK(WriteAtomically(TestPath(), "short"));
  EXPECT_THAT(ReadSafetensors(TestPath()),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("test.safetensors")));
}

}  // namespace
}  // namespace vitrine
