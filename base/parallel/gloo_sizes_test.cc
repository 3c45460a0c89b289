// The classes of libtorch that we make objects of are as large for our compiler, with names in
// place of Gloo's headers, as in libtorch itself. An object whose members lie elsewhere would
// corrupt memory.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"

#define USE_C10D_GLOO  // without it the next header is empty
#include "torch/csrc/distributed/c10d/HashStore.hpp"
#include "torch/csrc/distributed/c10d/ProcessGroupGloo.hpp"

namespace {

// What was asked for lately, by libtorch too, which takes its memory here.
constexpr int kRemembered = 1 << 16;
struct {
  std::atomic<void*> pointer;
  std::atomic<size_t> size;
} remembered[kRemembered];
std::atomic<int> count = 0;

size_t SizeOf(const void* pointer) {
  for (int i = count; i > 0 && i > count - kRemembered; --i) {
    const auto& allocation = remembered[(i - 1) % kRemembered];
    if (allocation.pointer == pointer) return allocation.size;
  }
  return 0;
}

}  // namespace

void* operator new(size_t size) {
  void* const pointer = std::malloc(size);
  if (pointer == nullptr) throw std::bad_alloc();
  auto& allocation = remembered[count++ % kRemembered];
  allocation.pointer = pointer;
  allocation.size = size;
  return pointer;
}

void operator delete(void* pointer) noexcept { std::free(pointer); }
void operator delete(void* pointer, size_t) noexcept { std::free(pointer); }

namespace vitrine {
namespace {

using c10d::ProcessGroupGloo;

TEST(GlooSizesTest, AreThoseOfLibtorch) {
  // Made by code in libtorch.
  const auto options = ProcessGroupGloo::Options::create_default(std::chrono::seconds(10));
  EXPECT_EQ(SizeOf(options.get()), sizeof(ProcessGroupGloo::Options));

  const auto store = c10::make_intrusive<c10d::HashStore>();
  const auto group = c10::make_intrusive<ProcessGroupGloo>(store, 0, 1, options);
  group->setGroupUid("whole");
  const auto part = group->split(store, {0}, options);
  EXPECT_EQ(SizeOf(part.get()), sizeof(ProcessGroupGloo));
}

}  // namespace
}  // namespace vitrine
