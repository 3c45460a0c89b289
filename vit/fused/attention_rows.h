// What attention computes between its products, a row at a time, with AVX-512.

#ifndef VIT_FUSED_ATTENTION_ROWS_H_
#define VIT_FUSED_ATTENTION_ROWS_H_

#include <cstdint>

#include "c10/util/BFloat16.h"
#include "vit/fused/lanes.h"

namespace vitrine::fused {

// Sizes of rows of logits and weights are multiples of kLanes, and not 0.

struct SoftmaxSums {
  float sum, logsumexp;  // the latter of scale * logits
};

// Writes exp(scale * (logit - the largest logit)); divided by `sum` it is softmax. Logits of minus
// infinity, as padding, give 0. T is float, where weights may take the place of the logits, or
// at::BFloat16.
template <typename T>
SoftmaxSums Softmax(const float* logits, int64_t size, float scale, T* weights);

// Of one key and many queries, in the backward pass: exp(scale * logits - logsumexp) in place of
// the logits, and weights * d_weights added to `delta`, which after all keys is what softmax's
// gradient takes away from d_weights.
void WeightsAgain(const float* logsumexp, const float* d_weights, int64_t size, float scale,
                  float* logits, float* delta);

// Of the same, the weights rounded, and the gradient of the logits, weights * (d_weights - delta) *
// scale.
void SoftmaxBackward(const float* weights, const float* d_weights, const float* delta, int64_t size,
                     float scale, at::BFloat16* rounded, at::BFloat16* d_logits);

// values * factor.
template <typename T>
void Scale(const float* values, int64_t size, float factor, T* scaled);

// Numbers of two rows side by side: first[0], second[0], first[1] and so on.
void Interleave(const at::BFloat16* first, const at::BFloat16* second, int64_t size,
                at::BFloat16* pairs);

}  // namespace vitrine::fused

#endif  // VIT_FUSED_ATTENTION_ROWS_H_
