#include "train/measure/profile.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "torch/csrc/autograd/profiler_kineto.h"

namespace vitrine {
namespace {

namespace profiler = torch::profiler::impl;
using torch::autograd::profiler::KinetoEvent;

std::vector<KinetoEvent> Record(at::Device device, absl::FunctionRef<void()> compute) {
  setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);  // it complains where there is no GPU
  const profiler::ProfilerConfig config(profiler::ProfilerState::KINETO);
  std::set<profiler::ActivityType> activities = {profiler::ActivityType::CPU};
  if (device.is_cuda()) activities.insert(profiler::ActivityType::CUDA);
  torch::autograd::profiler::prepareProfiler(config, activities);
  // Operators, and the nodes of a backward pass that call them.
  torch::autograd::profiler::enableProfiler(
      config, activities, {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION});
  compute();
  return torch::autograd::profiler::disableProfiler()->events();
}

// The events of one thread, which lie within each other: gives each the time that no event within
// it took. `add` takes an event and nanoseconds.
template <typename Add>
void VisitSelfTimes(std::vector<const KinetoEvent*> events, const Add& add) {
  std::stable_sort(events.begin(), events.end(), [](const KinetoEvent* a, const KinetoEvent* b) {
    return a->startNs() < b->startNs() ||
           (a->startNs() == b->startNs() && a->durationNs() > b->durationNs());
  });
  std::vector<const KinetoEvent*> open;
  for (const KinetoEvent* event : events) {
    while (!open.empty() && open.back()->endNs() <= event->startNs()) open.pop_back();
    const auto nanoseconds = static_cast<double>(event->durationNs());
    add(*event, nanoseconds);
    if (!open.empty()) add(*open.back(), -nanoseconds);
    open.push_back(event);
  }
}

}  // namespace

std::vector<TimedKernel> Profile(at::Device device, absl::FunctionRef<void()> compute) {
  const std::vector<KinetoEvent> events = Record(device, compute);
  std::map<uint64_t, std::vector<const KinetoEvent*>> by_thread;
  std::map<std::string, TimedKernel> by_name;
  for (const KinetoEvent& event : events) {
    if (event.deviceType() != device.type()) continue;
    TimedKernel& kernel = by_name[event.name()];
    ++kernel.calls;
    if (device.is_cuda()) kernel.milliseconds += 1e-6 * static_cast<double>(event.durationNs());
    by_thread[event.startThreadId()].push_back(&event);
  }
  if (device.is_cpu()) {
    for (const auto& [thread, own] : by_thread) {
      VisitSelfTimes(own, [&](const KinetoEvent& event, double nanoseconds) {
        by_name[event.name()].milliseconds += 1e-6 * nanoseconds;
      });
    }
  }
  std::vector<TimedKernel> kernels;
  for (auto& [name, kernel] : by_name) {
    kernel.name = name;
    kernels.push_back(kernel);
  }
  std::stable_sort(kernels.begin(), kernels.end(), [](const TimedKernel& a, const TimedKernel& b) {
    return a.milliseconds > b.milliseconds;
  });
  return kernels;
}

}  // namespace vitrine
