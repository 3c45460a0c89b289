// A block's branches, forward and backward, with fused and with plain kernels, in the sizes of the
// reproduction's steps:
//
//   tools/bazel run //vit/fused:branches_benchmark
//
// FLOP/s count the products alone. of_peak is their rate as a share of the rate of one large
// product of the same operands, measured in the same run.

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/ones_like.h"
#include "benchmark/benchmark.h"
#include "glog/logging.h"
#include "vit/attention.h"
#include "vit/fused/attention.h"
#include "vit/fused/gemm_peak.h"
#include "vit/fused/mlp.h"
#include "vit/layers.h"
#include "vit/mlp.h"
#include "vit/model.pb.h"

namespace vitrine {
namespace {

constexpr int64_t kBatch = 32;

at::Tensor Random(at::IntArrayRef shape, double scale) {
  return at::empty(shape).normal_(0, scale, at::detail::createCPUGenerator(1));
}

// What a layer's parameters are at the start of training.
void Initialize(const std::string&, at::Tensor& parameter) {
  parameter.copy_(Random(parameter.sizes(), 1 / std::sqrt(parameter.size(-1))));
  parameter.requires_grad_(true);
}

// The layer computes with plain kernels where it has no operands for fused ones.
using Operands = std::optional<at::ScalarType>;

void Measure(benchmark::State& state, at::Tensor x, Operands operands, double flops_forward,
             const std::function<at::Tensor(const at::Tensor&)>& branch) {
  const double peak = fused::GemmPeak(operands.value_or(at::kFloat));
  x.requires_grad_(true);
  const at::Tensor gradient = at::ones_like(x);
  for (auto _ : state) {
    x.mutable_grad().reset();
    branch(x).backward(gradient);
  }
  CHECK(std::isfinite(x.grad().sum().item<double>()));
  CHECK_GT(x.grad().abs().max().item<double>(), 0) << "nothing was computed";
  // Two products of the same size go backward.
  fused::CountFlops(3 * flops_forward, peak, &state);
}

void MlpForwardBackward(benchmark::State& state, Operands operands) {
  const int64_t width = state.range(0), tokens = state.range(1);
  LayerNorm norm(width, at::kFloat);
  Mlp mlp(width, 4 * width, ModelConfig::GELU, at::kFloat);
  norm.VisitParameters("norm", Initialize);
  mlp.VisitParameters("mlp", Initialize);
  const double flops = 16.0 * kBatch * tokens * width * width;
  Measure(state, Random({kBatch, tokens, width}, 1), operands, flops, [&](const at::Tensor& x) {
    return operands ? fused::NormMlp(x, norm, mlp, *operands) : mlp(norm(x));
  });
}

void AttentionForwardBackward(benchmark::State& state, Operands operands) {
  const int64_t width = state.range(0), tokens = state.range(1);
  LayerNorm norm(width, at::kFloat);
  ModelConfig config;
  config.set_width(width);
  Attention attention(config, at::kFloat);
  norm.VisitParameters("norm", Initialize);
  attention.VisitParameters("attention", Initialize);
  const double rows = kBatch * tokens;
  const double flops = 8 * rows * width * width + 4 * rows * tokens * width;
  Measure(state, Random({kBatch, tokens, width}, 1), operands, flops, [&](const at::Tensor& x) {
    return operands ? fused::NormAttention(x, norm, attention.qkv, attention.projection,
                                           attention.heads, tokens, *operands)
                    : attention(norm(x), tokens, "attention", {});
  });
}

// BM_MlpForwardBackward/fused/bf16/D:768/T:17. The sizes of steps 3, 6 and 7; plain kernels have
// bfloat16 by autocast alone, which is not measured here.
void Register(const std::string& name, void (*function)(benchmark::State&, Operands)) {
  const std::pair<std::string, Operands> kinds[] = {
      {"/plain/fp32", std::nullopt}, {"/fused/fp32", at::kFloat}, {"/fused/bf16", at::kBFloat16}};
  for (const auto& [kind, operands] : kinds) {
    benchmark::RegisterBenchmark((name + kind).c_str(), function, operands)
        ->ArgNames({"D", "T"})
        ->Args({768, 17})
        ->Args({512, 65})
        ->Args({768, 197})
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
}

const bool registered = [] {
  Register("BM_MlpForwardBackward", MlpForwardBackward);
  Register("BM_AttentionForwardBackward", AttentionForwardBackward);
  return true;
}();

}  // namespace
}  // namespace vitrine
