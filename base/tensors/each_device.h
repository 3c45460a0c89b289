// Tests that run on the processor and, where there is one, on a GPU; elsewhere they are skipped.
//
//   using AdamWTest = EachDevice;
//   TEST_P(AdamWTest, ChangesWeights) { at::Tensor weight = at::ones({3}, device_); ... }
//   INSTANTIATE_ON_EACH_DEVICE(AdamWTest);
//
// A suite with parameters of its own, which GetParam() still returns:
//
//   class ResumeTest : public EachDeviceAnd<Precision> {};
//   INSTANTIATE_TEST_SUITE_P(Precisions, ResumeTest, OnEachDevice(Values(FP32, BF16)),
//                            AndDevice([](const Precision& p) { return Name(p); }));

#ifndef BASE_TENSORS_EACH_DEVICE_H_
#define BASE_TENSORS_EACH_DEVICE_H_

#include <string>
#include <tuple>
#include <utility>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/tensors/device.h"
#include "gtest/gtest.h"

namespace vitrine {

// Has a lent libtorch_cuda.so loaded before any test: libtorch asks only once, at the latest in the
// first backward pass, whether there is a GPU.
class GpuBeforeTests : public ::testing::Environment {
  void SetUp() override { FindDevice("cuda", /*cuda_library=*/"").IgnoreError(); }
};
inline ::testing::Environment* const gpu_before_tests =
    ::testing::AddGlobalTestEnvironment(new GpuBeforeTests);

class DeviceTest : public ::testing::Test {
 protected:
  // Named as by --device. Seeds libtorch's own generator on the processor, so that a test draws the
  // same from it each time: `at::rand({3}).to(device_)`.
  explicit DeviceTest(const std::string& name);

  void SetUp() override {
    if (!found_.ok()) GTEST_SKIP() << found_.status().message();
  }

 private:
  const absl::StatusOr<at::Device> found_;

 protected:
  // The processor, for members' first values, in a test that is going to be skipped.
  const at::Device device_ = found_.value_or(at::Device(at::kCPU));
};

class EachDevice : public DeviceTest, public ::testing::WithParamInterface<const char*> {
 protected:
  EachDevice() : DeviceTest(GetParam()) {}
};

template <typename T>
class EachDeviceAnd : public DeviceTest,
                      public ::testing::WithParamInterface<std::tuple<T, const char*>> {
 protected:
  using Both = ::testing::WithParamInterface<std::tuple<T, const char*>>;

  EachDeviceAnd() : DeviceTest(std::get<1>(Both::GetParam())) {}

  static const T& GetParam() { return std::get<0>(Both::GetParam()); }
};

inline auto EveryDevice() { return ::testing::Values("cpu", "cuda"); }

inline std::string DeviceTestName(const std::string& name) { return name == "cpu" ? "Cpu" : "Gpu"; }

template <typename Generator>
auto OnEachDevice(Generator parameters) {
  return ::testing::Combine(std::move(parameters), EveryDevice());
}

// Names of tests, from those that `name` gives to a suite's own parameters.
template <typename F>
auto AndDevice(F name) {
  return [name](const auto& info) {
    return absl::StrCat(name(std::get<0>(info.param)), "_",
                        DeviceTestName(std::get<1>(info.param)));
  };
}

}  // namespace vitrine

#define INSTANTIATE_ON_EACH_DEVICE(Suite)                            \
  INSTANTIATE_TEST_SUITE_P(Devices, Suite, ::vitrine::EveryDevice(), \
                           [](const auto& info) { return ::vitrine::DeviceTestName(info.param); })

#endif  // BASE_TENSORS_EACH_DEVICE_H_
