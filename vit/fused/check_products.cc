#include "vit/fused/check_products.h"

#include <cstdint>
#include <string_view>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/Parallel.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/addmm.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/mm.h"
#include "absl/strings/str_cat.h"
#include "base/programs/processor.h"
#include "base/status_macros.h"
#include "vit/fused/products.h"

namespace vitrine::fused {
namespace {

constexpr int64_t kRows = 512, kIn = 128, kOut = 256;

// Roundings to bfloat16 are below a hundredth; what a thread has not computed is a share of the
// whole.
constexpr double kMostError = 0.03;

at::Tensor Exact(const at::Tensor& tensor) { return tensor.to(at::kDouble); }

// The norm of the difference, relative to that of the exact tensor.
absl::Status Compare(std::string_view name, const at::Tensor& product, const at::Tensor& exact) {
  const double error = ((Exact(product) - exact).norm() / exact.norm()).item<double>();
  if (error < kMostError) return absl::OkStatus();  // not if it is not a number
  return absl::InternalError(absl::StrCat("kernels: FUSED computes ", name,
                                          " wrongly here (relative error ", error, ", with ",
                                          at::get_num_threads(), " threads, ", CpuCapability(),
                                          "); kernels=REFERENCE does without, and unset what the "
                                          "environment says to OpenMP or oneDNN"));
}

}  // namespace

absl::Status CheckProducts(at::ScalarType operands) {
  const at::NoGradGuard no_grad;
  const at::Generator generator = at::detail::createCPUGenerator(1);
  const auto random = [&](at::IntArrayRef sizes) {
    return at::empty(sizes).normal_(0, 1, generator);
  };
  const at::Tensor x = Operand(random({kRows, kIn}), operands),
                   weight = Operand(random({kOut, kIn}), operands), bias = random({kOut}),
                   d_y = Operand(random({kRows, kOut}), operands);
  const LinearBackward backward(d_y, operands);
  const at::Tensor exact_x = Exact(x), exact_weight = Exact(weight), exact_d_y = Exact(d_y);
  RETURN_IF_ERROR(Compare("a linear layer", Forward(x, weight, bias),
                          at::addmm(Exact(bias), exact_x, exact_weight.t())));
  RETURN_IF_ERROR(Compare("the gradient to a linear layer's input", backward.Input(weight),
                          at::mm(exact_d_y, exact_weight)));
  return Compare("the gradient to a linear layer's weight", backward.Weight(x),
                 at::mm(exact_d_y.t(), exact_x));
}

}  // namespace vitrine::fused
