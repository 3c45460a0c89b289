#include "train/update/gradient_sum.h"

#include <utility>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/zeros.h"
#include "ATen/ops/zeros_like.h"
#include "absl/status/status.h"
#include "base/parallel/thread_group.h"
#include "base/status_matchers.h"
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

void Backward(const Leaf& leaf, std::vector<at::Tensor>& parameters) {
  at::Tensor loss = at::zeros({});
  for (size_t i = 0; i < parameters.size(); ++i) loss = loss + (parameters[i] * leaf[i]).sum();
  loss.backward();
}

// Of which the first is more than is sent as one, and the last too small to be sent alone.
Leaf MakeLargeLeaf(int64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  Leaf leaf;
  for (const int64_t size : {int64_t{1100}, int64_t{600}, int64_t{400}, int64_t{3}}) {
    leaf.push_back(at::empty({size, 1000}).normal_(0, 1, generator));
  }
  leaf.push_back(at::empty({}).normal_(0, 1, generator));
  return leaf;
}

// Of one of the group's processes, each of which has so many leaves of the tree.
Leaf SumOverGroup(ProcessGroup& group, int64_t count, bool sends) {
  std::vector<at::Tensor> parameters;
  for (const at::Tensor& gradient : MakeLargeLeaf(0)) {
    if (gradient.dim() > 0) parameters.push_back(at::zeros_like(gradient).requires_grad_());
  }
  GradientSum sum(parameters);
  Leaf result;
  for (int step = 0; step < 2; ++step) {  // the second one in memory that the first has used
    for (int64_t i = 0; i < count; ++i) {
      const Leaf leaf = MakeLargeLeaf(1 + 100 * step + group.rank() * count + i);
      if (sends && i + 1 == count) sum.SendWhileComputed(&group);
      Backward(leaf, parameters);
      sum.Add(leaf.back());
    }
    EXPECT_OK(sum.Exchange(&group));
    result = Result(parameters, &sum);
  }
  return result;
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

TEST(GradientSumTest, WhatIsSentWhileItIsComputedHasTheSameBits) {
  for (const int64_t own : {1, 2, 3, 4}) {
    RunOnThreads(2, [own](ProcessGroup& group) {
      const Leaf sent = SumOverGroup(group, own, /*sends=*/true);
      ExpectEqual(sent, SumOverGroup(group, own, /*sends=*/false));
      if (own == 3) return;  // no whole subtree of the tree
      std::vector<Leaf> leaves;
      for (int64_t i = 0; i < 2 * own; ++i) leaves.push_back(MakeLargeLeaf(101 + i));
      ExpectEqual(sent, TreeOf(leaves));
    });
  }
}

TEST(GradientSumTest, WhatIsSentFailsWithTheGroup) {
  RunOnThreads(
      2,
      [](ProcessGroup& group) {
        std::vector<at::Tensor> parameters = {at::zeros({3}).requires_grad_()};
        GradientSum sum(parameters);
        for (int step = 0; step < 2; ++step) {
          sum.SendWhileComputed(&group);
          Backward({at::zeros({3})}, parameters);
          sum.Add(at::zeros({}));
          EXPECT_EQ(sum.Exchange(&group).code(), absl::StatusCode::kAborted);
          sum.Clear();
        }
      },
      /*exchanges=*/1);
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
