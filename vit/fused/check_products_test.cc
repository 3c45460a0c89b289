// Run with OMP_THREAD_LIMIT=1: the fault that the check is to find is one of the environment.

#include "vit/fused/check_products.h"

#include "ATen/Parallel.h"
#include "ATen/Version.h"
#include "base/programs/threads.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine::fused {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CheckProductsTest : public ::testing::TestWithParam<at::ScalarType> {};

INSTANTIATE_TEST_SUITE_P(Types, CheckProductsTest, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(CheckProductsTest, PassesWhereThereIsNothingWrong) {
  ASSERT_OK(SetThreads(1));
  EXPECT_OK(CheckProducts(GetParam()));
}

TEST(CheckProductsTest, FindsThreadsThatAreNotThere) {
  if (!at::hasMKLDNN()) GTEST_SKIP() << "there is no oneDNN";
  EXPECT_THAT(SetThreads(4), Fails(absl::StatusCode::kFailedPrecondition,
                                   AllOf(HasSubstr("OMP_THREAD_LIMIT=1"), HasSubstr("threads=1"))));
  at::set_num_threads(4);
  EXPECT_THAT(CheckProducts(at::kFloat),
              Fails(absl::StatusCode::kInternal,
                    AllOf(HasSubstr("kernels=REFERENCE"), HasSubstr("4 threads"))));
}

}  // namespace
}  // namespace vitrine::fused
