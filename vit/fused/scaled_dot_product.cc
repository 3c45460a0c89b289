#include "vit/fused/scaled_dot_product.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ATen/Parallel.h"
#include "ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h"
#include "ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h"
#include "ATen/ops/empty.h"
#include "c10/util/BFloat16.h"
#include "glog/logging.h"
#include "vit/fused/attention_rows.h"
#include "vit/fused/small_products.h"

#ifndef _OPENMP
#error "compile with -fopenmp: without it at::parallel_for, a template, runs on one thread"
#endif

namespace vitrine::fused {
namespace {

// So many that with some hundreds of keys their weights stay in the second-level cache.
constexpr int64_t kQueriesATime = 128;

// Forward, where threads share the queries of a head: fewer, for equal shares.
constexpr int64_t kMostQueriesForward = 64;

// A padded row is one of whole vectors.
static_assert(kColumns % kLanes == 0);

using Bfloat16Matrix = Matrix<const at::BFloat16>;

// What all heads of an attention have in common.
struct HeadShape {
  HeadShape(const AttentionRows& rows, const AttentionSizes& sizes)
      : queries(rows.queries.size(0) / sizes.batch),
        tokens(rows.keys.size(0) / sizes.batch),
        size(rows.keys.size(1) / sizes.heads),
        logit_scale(static_cast<float>(1 / std::sqrt(static_cast<double>(size)))) {}

  int64_t queries, tokens, size;
  float logit_scale;
};

// A matrix of its own, of zeros at first, with rows that are padded.
template <typename T>
class Scratch {
 public:
  Scratch(int64_t rows, int64_t columns)
      : columns_(Padded(columns)), values_(rows * columns_, T(0.0F)) {}

  // The first rows, padding and all.
  Matrix<T> Rows(int64_t count) { return {values_.data(), count, columns_, columns_}; }
  Matrix<const T> Read(int64_t count) const { return {values_.data(), count, columns_, columns_}; }

 private:
  int64_t columns_;
  std::vector<T> values_;
};

// One head of one sample in rows of all of them.
template <typename T>
Matrix<T> Head(const at::Tensor& rows, T* data, const AttentionSizes& sizes, int64_t index) {
  CHECK_EQ(rows.stride(1), 1);
  const int64_t sample = index / sizes.heads, head = index % sizes.heads;
  const int64_t tokens = rows.size(0) / sizes.batch, size = rows.size(1) / sizes.heads;
  return {data + sample * tokens * rows.stride(0) + head * size, tokens, size, rows.stride(0)};
}

template <typename T>
Matrix<const T> HeadToRead(const at::Tensor& rows, const AttentionSizes& sizes, int64_t index) {
  return Head(rows, rows.const_data_ptr<T>(), sizes, index);
}

template <typename T>
Matrix<T> HeadToWrite(const at::Tensor& rows, const AttentionSizes& sizes, int64_t index) {
  return Head(rows, rows.mutable_data_ptr<T>(), sizes, index);
}

// Calls what `make` makes, once on each thread, for each of so many parts of the work.
template <typename Make>
void ForEachPart(int64_t count, const Make& make) {
  at::parallel_for(0, count, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    auto attend = make();
    for (int64_t part = begin; part < end; ++part) attend(part);
    EndSmallProducts();
  });
}

// Queries forward, in blocks of one size, but for the last.
struct QueryBlocks {
  explicit QueryBlocks(int64_t queries)
      : count((queries + kMostQueriesForward - 1) / kMostQueriesForward),
        size((queries + count - 1) / count) {}

  int64_t count, size;
};

// A part is a block of queries of a head. T is float or at::BFloat16.
template <typename T>
class Forward {
 public:
  Forward(const AttentionRows& rows, const AttentionSizes& sizes, const Attended& attended)
      : rows_(rows),
        sizes_(sizes),
        attended_(attended),
        shape_(rows, sizes),
        blocks_(shape_.queries),
        logits_(blocks_.size, shape_.tokens),
        weights_(kInPlace ? 0 : blocks_.size, shape_.tokens),
        mixed_(blocks_.size, shape_.size) {}

  void operator()(int64_t part) {
    const int64_t index = part / blocks_.count;
    if (index != head_) Take(index);
    const int64_t begin = part % blocks_.count * blocks_.size;
    const int64_t count = std::min(blocks_.size, shape_.queries - begin);
    float* logsumexp = attended_.logsumexp.mutable_data_ptr<float>() + index * shape_.queries;
    Mix(HeadToRead<T>(rows_.queries, sizes_, index).Rows(begin, count), logsumexp + begin,
        HeadToWrite<T>(attended_.mixed, sizes_, index).Rows(begin, count));
  }

 private:
  // The weights of float32 take the place of the logits.
  static constexpr bool kInPlace = std::is_same_v<T, float>;

  Scratch<T>& Weights() {
    if constexpr (kInPlace) {
      return logits_;
    } else {
      return weights_;
    }
  }

  void Take(int64_t index) {
    keys_.TakeTransposed(HeadToRead<T>(rows_.keys, sizes_, index));
    values_.Take(HeadToRead<T>(rows_.values, sizes_, index));
    head_ = index;
  }

  void Mix(const Matrix<const T>& queries, float* logsumexp, const Matrix<T>& to) {
    const Matrix<float> logits = logits_.Rows(queries.rows), mixed = mixed_.Rows(queries.rows);
    const Matrix<T> weights = Weights().Rows(queries.rows);
    std::array<float, kMostQueriesForward> sums;
    Multiply(queries, keys_, Sum::kNew, logits);
    for (int64_t i = 0; i < queries.rows; ++i) {
      std::fill(logits.Row(i) + shape_.tokens, logits.Row(i + 1),
                -std::numeric_limits<float>::infinity());
      const SoftmaxSums result =
          Softmax(logits.Row(i), logits.columns, shape_.logit_scale, weights.Row(i));
      sums[i] = result.sum;
      logsumexp[i] = result.logsumexp;
    }
    Multiply(Weights().Read(queries.rows), values_, Sum::kNew, mixed);
    for (int64_t i = 0; i < queries.rows; ++i) {
      Scale(mixed.Row(i), shape_.size, 1 / sums[i], to.Row(i));
    }
  }

  const AttentionRows& rows_;
  const AttentionSizes& sizes_;
  const Attended& attended_;
  const HeadShape shape_;
  const QueryBlocks blocks_;
  int64_t head_ = -1;  // whose keys and values these are
  RightOperand<T> keys_, values_;
  Scratch<float> logits_;
  Scratch<T> weights_;
  Scratch<float> mixed_;
};

// Logits, weights and their gradients stand transposed here, [keys, queries]: so they are left
// operands of the products for keys and values as they are.
// A part is a head. Of bfloat16.
class Backward {
 public:
  Backward(const at::Tensor& d_mixed, const AttentionRows& rows, const Attended& attended,
           const AttentionSizes& sizes, const AttentionRows& gradients)
      : d_mixed_(d_mixed),
        rows_(rows),
        attended_(attended),
        sizes_(sizes),
        gradients_(gradients),
        shape_(rows, sizes),
        queries_a_time_(std::min(kQueriesATime, shape_.queries)),
        transposed_keys_(shape_.size, shape_.tokens),
        logits_(shape_.tokens, queries_a_time_),
        d_weights_(shape_.tokens, queries_a_time_),
        weights_(shape_.tokens, queries_a_time_),
        d_logits_(shape_.tokens, queries_a_time_),
        d_keys_(shape_.tokens, shape_.size),
        d_values_(shape_.tokens, shape_.size),
        transposed_d_queries_(shape_.size, queries_a_time_),
        d_queries_(queries_a_time_, shape_.size) {}

  void operator()(int64_t index) {
    const Bfloat16Matrix queries = HeadToRead<at::BFloat16>(rows_.queries, sizes_, index),
                         keys = HeadToRead<at::BFloat16>(rows_.keys, sizes_, index),
                         values = HeadToRead<at::BFloat16>(rows_.values, sizes_, index),
                         d_mixed = HeadToRead<at::BFloat16>(d_mixed_, sizes_, index);
    const Matrix<at::BFloat16> d_queries =
        HeadToWrite<at::BFloat16>(gradients_.queries, sizes_, index);
    const float* logsumexp = attended_.logsumexp.const_data_ptr<float>() + index * queries.rows;
    Transpose(keys, transposed_keys_.Rows(shape_.size));
    for (int64_t begin = 0; begin < queries.rows; begin += kQueriesATime) {
      const int64_t count = std::min(kQueriesATime, queries.rows - begin);
      const Bfloat16Matrix part = queries.Rows(begin, count), d_part = d_mixed.Rows(begin, count);
      ComputeWeights(part, d_part, logsumexp + begin, keys, values);
      AddKeyAndValueGradients(part, d_part, begin == 0 ? Sum::kNew : Sum::kAdded);
      ComputeQueryGradients(d_queries.Rows(begin, count));
    }
    Write(d_keys_.Read(shape_.tokens), HeadToWrite<at::BFloat16>(gradients_.keys, sizes_, index));
    Write(d_values_.Read(shape_.tokens),
          HeadToWrite<at::BFloat16>(gradients_.values, sizes_, index));
  }

 private:
  // Into weights_ and d_logits_, whose padding comes out as zeros.
  void ComputeWeights(const Bfloat16Matrix& queries, const Bfloat16Matrix& d_mixed,
                      const float* logsumexp, const Bfloat16Matrix& keys,
                      const Bfloat16Matrix& values) {
    const Matrix<float> logits = logits_.Rows(shape_.tokens),
                        d_weights = d_weights_.Rows(shape_.tokens);
    right_.TakeTransposed(queries);
    Multiply(keys, right_, Sum::kNew, logits);
    right_.TakeTransposed(d_mixed);
    Multiply(values, right_, Sum::kNew, d_weights);
    std::array<float, kQueriesATime> sums, delta;
    sums.fill(std::numeric_limits<float>::infinity());
    std::copy_n(logsumexp, queries.rows, sums.begin());
    delta.fill(0);
    const int64_t size = right_.columns();
    const float scale = shape_.logit_scale;
    for (int64_t i = 0; i < shape_.tokens; ++i) {
      WeightsAgain(sums.data(), d_weights.Row(i), size, scale, logits.Row(i), delta.data());
    }
    for (int64_t i = 0; i < shape_.tokens; ++i) {
      SoftmaxBackward(logits.Row(i), d_weights.Row(i), delta.data(), size, scale,
                      weights_.Rows(shape_.tokens).Row(i), d_logits_.Rows(shape_.tokens).Row(i));
    }
  }

  void AddKeyAndValueGradients(const Bfloat16Matrix& queries, const Bfloat16Matrix& d_mixed,
                               Sum sum) {
    right_.Take(queries);
    Multiply(d_logits_.Read(shape_.tokens), right_, sum, d_keys_.Rows(shape_.tokens));
    right_.Take(d_mixed);
    Multiply(weights_.Read(shape_.tokens), right_, sum, d_values_.Rows(shape_.tokens));
  }

  void ComputeQueryGradients(const Matrix<at::BFloat16>& to) {
    right_.Take(d_logits_.Read(shape_.tokens));
    Multiply(transposed_keys_.Read(shape_.size), right_, Sum::kNew,
             transposed_d_queries_.Rows(shape_.size));
    Matrix<const float> from = transposed_d_queries_.Read(shape_.size);
    from.columns = to.rows;
    Transpose(from, d_queries_.Rows(to.rows));
    Write(d_queries_.Read(to.rows), to);
  }

  template <typename U>
  static void Transpose(const Matrix<const U>& from, const Matrix<U>& to) {
    for (int64_t i = 0; i < from.rows; ++i) {
      for (int64_t j = 0; j < from.columns; ++j) to.Row(j)[i] = from.Row(i)[j];
    }
  }

  static void Write(const Matrix<const float>& from, const Matrix<at::BFloat16>& to) {
    for (int64_t i = 0; i < to.rows; ++i) Scale(from.Row(i), to.columns, 1, to.Row(i));
  }

  const at::Tensor& d_mixed_;
  const AttentionRows& rows_;
  const Attended& attended_;
  const AttentionSizes& sizes_;
  const AttentionRows& gradients_;
  const HeadShape shape_;
  const int64_t queries_a_time_;
  RightOperand<at::BFloat16> right_;
  Scratch<at::BFloat16> transposed_keys_;
  Scratch<float> logits_, d_weights_;
  Scratch<at::BFloat16> weights_, d_logits_;
  Scratch<float> d_keys_, d_values_, transposed_d_queries_, d_queries_;
};

bool IsForSmallProducts(const AttentionRows& rows, const AttentionSizes& sizes) {
  const at::ScalarType type = rows.keys.scalar_type();
  // An odd head of bfloat16 would need a padding in rows that have none.
  return HasSmallProducts(type) && (type == at::kFloat || HeadShape(rows, sizes).size % 2 == 0);
}

template <typename T>
Attended AttendBySmallProducts(const AttentionRows& rows, const AttentionSizes& sizes) {
  const HeadShape shape(rows, sizes);
  const Attended attended{at::empty(rows.queries.sizes(), rows.keys.options()),
                          at::empty({sizes.batch, sizes.heads, shape.queries}, at::kFloat)};
  ForEachPart(sizes.batch * sizes.heads * QueryBlocks(shape.queries).count,
              [&] { return Forward<T>(rows, sizes, attended); });
  return attended;
}

// libtorch's view, [B, heads, tokens, D / heads].
at::Tensor Split(const at::Tensor& rows, const AttentionSizes& sizes) {
  const int64_t tokens = rows.size(0) / sizes.batch, size = rows.size(1) / sizes.heads;
  return rows.view({sizes.batch, tokens, sizes.heads, size}).transpose(1, 2);
}

at::Tensor Join(const at::Tensor& heads) {
  return heads.transpose(1, 2).reshape({heads.size(0) * heads.size(2), -1});
}

AttentionRows To(at::ScalarType type, const AttentionRows& rows) {
  return {rows.queries.to(type), rows.keys.to(type), rows.values.to(type)};
}

Attended AttendByLibtorch(const AttentionRows& rows, const AttentionSizes& sizes) {
  const auto [mixed, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(
      Split(rows.queries, sizes), Split(rows.keys, sizes), Split(rows.values, sizes));
  return {Join(mixed), logsumexp};
}

void AttendBackwardByLibtorch(const at::Tensor& d_mixed, const AttentionRows& rows,
                              const Attended& attended, const AttentionSizes& sizes,
                              const AttentionRows& gradients) {
  const auto [d_queries, d_keys, d_values] =
      at::_scaled_dot_product_flash_attention_for_cpu_backward(
          Split(d_mixed, sizes), Split(rows.queries, sizes), Split(rows.keys, sizes),
          Split(rows.values, sizes), Split(attended.mixed, sizes), attended.logsumexp,
          /*dropout_p=*/0, /*is_causal=*/false);
  Split(gradients.queries, sizes).copy_(d_queries);
  Split(gradients.keys, sizes).copy_(d_keys);
  Split(gradients.values, sizes).copy_(d_values);
}

// libtorch's attention takes twice as long in bfloat16 as in float32, even where the processor has
// instructions for it.
at::ScalarType Substitute(at::ScalarType type) { return type == at::kBFloat16 ? at::kFloat : type; }

}  // namespace

Attended Attend(const AttentionRows& rows, const AttentionSizes& sizes) {
  CHECK(rows.queries.numel() > 0 && rows.keys.numel() > 0) << "attention to nothing";
  const at::ScalarType type = rows.keys.scalar_type();
  if (IsForSmallProducts(rows, sizes)) {
    return type == at::kFloat ? AttendBySmallProducts<float>(rows, sizes)
                              : AttendBySmallProducts<at::BFloat16>(rows, sizes);
  }
  return AttendByLibtorch(To(Substitute(type), rows), sizes);
}

void AttendBackward(const at::Tensor& d_mixed, const AttentionRows& rows, const Attended& attended,
                    const AttentionSizes& sizes, const AttentionRows& gradients) {
  const bool is_bfloat16 = rows.keys.scalar_type() == at::kBFloat16;
  if (is_bfloat16 && IsForSmallProducts(rows, sizes)) {
    ForEachPart(sizes.batch * sizes.heads,
                [&] { return Backward(d_mixed, rows, attended, sizes, gradients); });
    return;
  }
  const at::ScalarType type = Substitute(rows.keys.scalar_type());
  AttendBackwardByLibtorch(d_mixed.to(type), To(type, rows),
                           {attended.mixed.to(type), attended.logsumexp}, sizes, gradients);
}

}  // namespace vitrine::fused
