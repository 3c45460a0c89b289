#include "base/parallel/tree_sum.h"

#include <cmath>
#include <vector>

#include "ATen/ops/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// Numbers of very different sizes, so that another order of additions rounds otherwise.
std::vector<float> Terms(int count) {
  std::vector<float> terms;
  for (int i = 0; i < count; ++i) terms.push_back(std::pow(-1.3f, i % 31) * (1.0f + i / 7.0f));
  return terms;
}

// The definition, word for word.
float ByLevels(std::vector<float> terms) {
  while (terms.size() > 1) {
    std::vector<float> sums;
    for (size_t i = 0; i < terms.size(); i += 2) {
      sums.push_back(i + 1 < terms.size() ? terms[i] + terms[i + 1] : terms[i]);
    }
    terms = sums;
  }
  return terms[0];
}

std::vector<at::Tensor> Tensors(const std::vector<float>& values) {
  std::vector<at::Tensor> tensors;
  for (const float value : values) tensors.push_back(at::tensor({value}));
  return tensors;
}

TEST(TreeSumTest, TermsTellTheirOrder) {
  int different = 0;
  for (int count = 3; count <= 70; ++count) {
    float one_by_one = 0;
    for (const float term : Terms(count)) one_by_one += term;
    different += one_by_one != ByLevels(Terms(count));
  }
  EXPECT_GT(different, 30) << "the other tests could pass with any order";
}

TEST(TreeSumTest, PiecesAreAddedLevelByLevel) {
  for (int count = 1; count <= 70; ++count) {
    for (int into = 0; into < count; ++into) {
      const std::vector<at::Tensor> pieces = Tensors(Terms(count));
      AddInTree(pieces, into);
      ASSERT_EQ(pieces[into].item<float>(), ByLevels(Terms(count))) << into << " of " << count;
    }
  }
}

TEST(TreeSumTest, PartsOfEqualPowersOfTwoMayBeAddedFirst) {
  for (const int part : {1, 2, 4, 8}) {
    for (int parts = 1; parts <= 9; ++parts) {
      const std::vector<float> terms = Terms(part * parts);
      std::vector<at::Tensor> sums;
      for (int i = 0; i < parts; ++i) {
        const auto begin = terms.begin() + i * part;
        const std::vector<at::Tensor> own = Tensors({begin, begin + part});
        AddInTree(own, 0);
        sums.push_back(own[0]);
      }
      AddInTree(sums, 0);
      ASSERT_EQ(sums[0].item<float>(), ByLevels(terms)) << parts << " of " << part;
    }
  }
}

}  // namespace
}  // namespace vitrine
