#include "vit/export/export_names.h"

#include <string>

#include "ATen/ops/equal.h"
#include "ATen/ops/zeros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/import/rename.h"
#include "vit/import/testing.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> NamesOf(const TensorMap& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

// What the names and the parts of tensors depend on.
ModelConfig ConfigOf(const TensorMap& tensors) {
  ModelConfig config;
  config.set_distillation_token(tensors.count("distillation_head.weight") > 0);
  const at::Tensor hidden = tensors.at("blocks.0.mlp.hidden.weight");
  const at::Tensor output = tensors.at("blocks.0.mlp.output.weight");
  if (hidden.size(0) == 2 * output.size(1)) config.set_activation(ModelConfig::SWIGLU);
  return config;
}

// What comes before most names, which the package's own file shows.
std::string PrefixOf(const Family& family, const TensorMap& theirs) {
  for (const std::string_view prefix : family.prefixes) {
    const auto first = theirs.lower_bound(std::string(prefix));
    if (first != theirs.end() && first->first.starts_with(prefix)) return std::string(prefix);
  }
  return "";
}

class NamesTest : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Models, NamesTest, ::testing::ValuesIn(PackageModelNames()),
                         [](const auto& info) { return info.param; });

// Each family's names, there and back, those of tokens that no head reads too.
TEST_P(NamesTest, AreTheInverseOfImport) {
  const TensorMap theirs = LoadPackageModel(GetParam()).weights;
  ASSERT_OK_AND_ASSIGN(const Family* family, RecognizeFamily(theirs));
  ASSERT_OK_AND_ASSIGN(const RenamedTensors ours, RenameTensors(*family, theirs));
  ASSERT_OK_AND_ASSIGN(TensorMap back, NameTensors(*family, PrefixOf(*family, theirs),
                                                   ConfigOf(ours.tensors), ours.tensors));
  for (const std::string& name : ours.unused) back.emplace(name, theirs.at(name));
  ASSERT_EQ(NamesOf(back), NamesOf(theirs));
  for (const auto& [name, tensor] : theirs) {
    EXPECT_TRUE(at::equal(back.at(name).view(tensor.sizes()), tensor)) << name;
  }
}

TEST(NamesTest, WhatHasNoNameIsNamed) {
  EXPECT_THAT(NameTensors(TransformersVitFamily(), "vit.", {}, {{"norm_of_all", at::zeros({1})}}),
              Fails(absl::StatusCode::kFailedPrecondition,
                    HasSubstr("norm_of_all: a model of transformers ViT has no such tensor")));
}

}  // namespace
}  // namespace vitrine
