#include "base/tensors/each_device.h"

#include "ATen/CPUGeneratorImpl.h"

namespace vitrine {

DeviceTest::DeviceTest(const std::string& name) : found_(FindDevice(name, /*cuda_library=*/"")) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(0);
}

}  // namespace vitrine
