#include "vit/fused/layer_norm.h"

#include <algorithm>
#include <cstdint>

#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/ops/empty.h"
#include "base/programs/processor.h"
#include "glog/logging.h"
#include "vit/fused/lanes.h"
#include "vit/fused/norm_rows.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine::fused {
namespace {

// Elements worth a thread.
constexpr int64_t kFewest = 8192;

bool IsInLanes(int64_t width) {
  static const bool has_avx512 = HasAvx512();
  return has_avx512 && width % kLanes == 0;
}

RowNorm Parameters(const LayerNorm& norm) {
  CHECK(norm.weight.is_contiguous() && norm.bias.is_contiguous());
  return {norm.weight.const_data_ptr<float>(), norm.bias.const_data_ptr<float>(),
          static_cast<float>(norm.epsilon), norm.weight.size(0)};
}

template <typename F>
void ForEachRow(int64_t rows, int64_t width, const F& f) {
  at::parallel_for(0, rows, std::max<int64_t>(kFewest / width, 1), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row * width);
  });
}

template <typename T>
void NormRows(const RowNorm& norm, const at::Tensor& x, const at::Tensor& normed) {
  const float* from = x.const_data_ptr<float>();
  T* to = normed.mutable_data_ptr<T>();
  ForEachRow(x.size(0), norm.size, [&](int64_t at) { NormRow(norm, from + at, to + at); });
}

template <typename T>
void AddAndNormRows(const RowNorm& norm, const at::Tensor& x, const at::Tensor& branch,
                    const NormedSum& result) {
  const float* from = x.const_data_ptr<float>();
  const T* added = branch.const_data_ptr<T>();
  float* sum = result.sum.mutable_data_ptr<float>();
  T* normed = result.normed.mutable_data_ptr<T>();
  ForEachRow(x.size(0), norm.size, [&](int64_t at) {
    AddAndNormRow(norm, from + at, added + at, sum + at, normed + at);
  });
}

}  // namespace

at::Tensor Norm(const LayerNorm& norm, const at::Tensor& x, at::ScalarType type) {
  CHECK(x.dim() == 2 && x.scalar_type() == at::kFloat);
  if (!IsInLanes(x.size(1))) return norm(x).to(type);
  const at::Tensor rows = x.contiguous();
  at::Tensor normed = at::empty(rows.sizes(), type);
  if (type == at::kFloat) {
    NormRows<float>(Parameters(norm), rows, normed);
  } else {
    NormRows<at::BFloat16>(Parameters(norm), rows, normed);
  }
  return normed;
}

NormedSum NormOfSum(const LayerNorm& norm, const at::Tensor& x, const at::Tensor& branch) {
  CHECK(x.dim() == 2 && x.scalar_type() == at::kFloat && x.sizes() == branch.sizes());
  const at::ScalarType type = branch.scalar_type();
  if (!IsInLanes(x.size(1))) {
    const at::Tensor sum = x + branch;
    return {sum, norm(sum).to(type)};
  }
  const at::Tensor rows = x.contiguous(), added = branch.contiguous();
  const NormedSum result = {at::empty(rows.sizes(), at::kFloat), at::empty(rows.sizes(), type)};
  if (type == at::kFloat) {
    AddAndNormRows<float>(Parameters(norm), rows, added, result);
  } else {
    AddAndNormRows<at::BFloat16>(Parameters(norm), rows, added, result);
  }
  return result;
}

}  // namespace vitrine::fused
