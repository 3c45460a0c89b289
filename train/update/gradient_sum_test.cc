#include "train/update/gradient_sum.h"

#include <utility>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// Gradients of two parameters and a loss.
using Leaf = std::vector<at::Tensor>;

Leaf MakeLeaf(int64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const auto draw = [&](at::IntArrayRef shape) {
    return at::empty(shape).normal_(0, 1, generator);
  };
  return {draw({3, 5}), draw({7}), draw({})};
}

std::vector<at::Tensor> MakeParameters() { return {at::empty({3, 5}), at::empty({7})}; }

void AddLeaf(const Leaf& leaf, std::vector<at::Tensor>& parameters, GradientSum* sum) {
  for (size_t i = 0; i < parameters.size(); ++i) parameters[i].mutable_grad() = leaf[i].clone();
  sum->Add(leaf.back());
  for (const at::Tensor& parameter : parameters) EXPECT_FALSE(parameter.grad().defined());
}

Leaf Result(std::vector<at::Tensor>& parameters, GradientSum* sum) {
  Leaf result;
  const at::Tensor loss = sum->Take();
  for (at::Tensor& parameter : parameters) {
    result.push_back(std::exchange(parameter.mutable_grad(), {}).clone());
  }
  result.push_back(loss.clone());
  return result;
}

// Level by level, as the definition says.
Leaf TreeOf(std::vector<Leaf> level) {
  while (level.size() > 1) {
    std::vector<Leaf> next;
    for (size_t i = 0; i < level.size(); i += 2) {
      Leaf sum = level[i];
      for (size_t j = 0; i + 1 < level.size() && j < sum.size(); ++j) {
        sum[j] = level[i][j] + level[i + 1][j];
      }
      next.push_back(sum);
    }
    level = next;
  }
  return level[0];
}

void ExpectEqual(const Leaf& a, const Leaf& b) {
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i])) << i;
}

TEST(GradientSumTest, AddsInTheOrderOfTheTree) {
  std::vector<at::Tensor> parameters = MakeParameters();
  GradientSum sum(parameters);
  for (int64_t count = 1; count <= 17; ++count) {
    std::vector<Leaf> leaves;
    for (int64_t i = 0; i < count; ++i) leaves.push_back(MakeLeaf(100 * count + i));
    for (const Leaf& leaf : leaves) AddLeaf(leaf, parameters, &sum);
    ExpectEqual(Result(parameters, &sum), TreeOf(leaves));
  }
}

TEST(GradientSumTest, WhatWasClearedIsForgotten) {
  std::vector<at::Tensor> parameters = MakeParameters();
  GradientSum sum(parameters);
  for (int64_t i = 0; i < 3; ++i) AddLeaf(MakeLeaf(i), parameters, &sum);
  sum.Clear();
  AddLeaf(MakeLeaf(5), parameters, &sum);
  ExpectEqual(Result(parameters, &sum), MakeLeaf(5));
}

TEST(GradientSumTest, EachGradientBeginsWhereACacheLineDoes) {
  std::vector<at::Tensor> parameters = MakeParameters();
  GradientSum sum(parameters);
  AddLeaf(MakeLeaf(0), parameters, &sum);
  sum.Take();
  for (const at::Tensor& parameter : parameters) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(parameter.grad().const_data_ptr()) % 64, 0);
  }
}

}  // namespace
}  // namespace vitrine
