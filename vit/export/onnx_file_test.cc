#include "vit/export/onnx_file.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ops/arange.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

class OnnxFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // Two weights of 4,000 and 2,000 bytes, and a constant of 16.
  static OnnxModel Model() {
    OnnxGraph graph;
    graph.Weight("large", at::arange(1000, at::kFloat));
    graph.Ints({3, 4});
    graph.Weight("medium", at::arange(500, at::kFloat));
    return std::move(graph).Finish();
  }

  static constexpr int64_t kBytes = 6016;

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  onnx::ModelProto Read() const {
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(ReadFile(path_).value()));
    return model;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "onnx_file_test";
  const fs::path path_ = folder_ / "m.onnx";
};

std::string BytesOf(const at::Tensor& data) {
  return {static_cast<const char*>(data.const_data_ptr()), data.nbytes()};
}

TEST_F(OnnxFileTest, HoldsItsWeights) {
  ASSERT_OK_AND_ASSIGN(const bool is_beside, WriteOnnx(Model(), path_, kBytes));
  EXPECT_FALSE(is_beside);
  EXPECT_THAT(Names(), UnorderedElementsAre("m.onnx"));
  const onnx::ModelProto read = Read();
  const OnnxModel model = Model();
  ASSERT_EQ(read.graph().initializer_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(read.graph().initializer(i).raw_data(), BytesOf(model.data[i])) << i;
    EXPECT_FALSE(read.graph().initializer(i).has_data_location()) << i;
  }
}

TEST_F(OnnxFileTest, LargeWeightsLieBesideIt) {
  ASSERT_OK_AND_ASSIGN(const bool is_beside, WriteOnnx(Model(), path_, kBytes - 1));
  EXPECT_TRUE(is_beside);
  EXPECT_EQ(OnnxDataPath(path_), folder_ / "m.onnx.data");
  EXPECT_THAT(Names(), UnorderedElementsAre("m.onnx", "m.onnx.data"));
  ASSERT_OK_AND_ASSIGN(const std::string data, ReadFile(folder_ / "m.onnx.data"));
  const onnx::ModelProto read = Read();
  const OnnxModel model = Model();
  EXPECT_EQ(read.graph().initializer(1).raw_data(), BytesOf(model.data[1]));
  EXPECT_FALSE(read.graph().initializer(1).has_data_location());
  for (const int i : {0, 2}) {
    const onnx::TensorProto& weight = read.graph().initializer(i);
    EXPECT_THAT(weight.raw_data(), IsEmpty());
    EXPECT_EQ(weight.data_location(), onnx::TensorProto::EXTERNAL);
    std::map<std::string, std::string> entries;
    for (const auto& entry : weight.external_data()) entries[entry.key()] = entry.value();
    EXPECT_EQ(entries["location"], "m.onnx.data");
    const int64_t offset = std::stoll(entries["offset"]), length = std::stoll(entries["length"]);
    EXPECT_EQ(offset % 4096, 0);
    EXPECT_EQ(data.substr(offset, length), BytesOf(model.data[i]));
  }
}

TEST_F(OnnxFileTest, EqualModelsGiveEqualBytes) {
  for (const int64_t most : {kBytes, int64_t{0}}) {
    SetUp();
    ASSERT_OK(WriteOnnx(Model(), path_, most));
    ASSERT_OK_AND_ASSIGN(const std::string first, ReadFile(path_));
    SetUp();
    ASSERT_OK(WriteOnnx(Model(), path_, most));
    EXPECT_EQ(ReadFile(path_).value(), first);
  }
}

TEST_F(OnnxFileTest, ReplacesNothing) {
  ASSERT_OK(WriteAtomically(path_, "mine"));
  EXPECT_THAT(WriteOnnx(Model(), path_),
              Fails(absl::StatusCode::kAlreadyExists,
                    EndsWith("m.onnx is there already; take another name")));
  EXPECT_EQ(ReadFile(path_).value(), "mine");
}

TEST_F(OnnxFileTest, ReplacesNothingBesideIt) {
  ASSERT_OK(WriteAtomically(folder_ / "m.onnx.data", "mine"));
  EXPECT_THAT(WriteOnnx(Model(), path_, 0),
              Fails(absl::StatusCode::kAlreadyExists,
                    EndsWith("m.onnx.data is there already; take another name")));
  EXPECT_EQ(ReadFile(folder_ / "m.onnx.data").value(), "mine");
  EXPECT_THAT(Names(), UnorderedElementsAre("m.onnx.data"));
}

TEST_F(OnnxFileTest, WhereThereIsNoFolderThereIsAnError) {
  const fs::path path = folder_ / "none" / "m.onnx";
  EXPECT_FALSE(WriteOnnx(Model(), path).ok());
  EXPECT_FALSE(WriteOnnx(Model(), path, 0).ok());
  EXPECT_THAT(Names(), IsEmpty());
}

}  // namespace
}  // namespace vitrine
