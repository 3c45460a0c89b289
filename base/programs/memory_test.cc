#include "base/programs/memory.h"

#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

#include "gtest/gtest.h"

namespace vitrine {
namespace {

constexpr size_t kSize = 64 << 20;
constexpr int64_t kPages = kSize / 4096;

// Pages that the system had to find while a large block was filled.
int64_t FaultsOfABlock() {
  rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  char* block = static_cast<char*>(std::malloc(kSize));
  std::memset(block, 1, kSize);
  // Keeps the compiler from leaving all of it out.
  EXPECT_EQ(static_cast<volatile char*>(block)[kSize - 1], 1);
  std::free(block);
  getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

TEST(KeepFreedMemoryTest, ABlockIsFoundOnce) {
  FaultsOfABlock();
  EXPECT_GE(FaultsOfABlock(), kPages / 2) << "glibc keeps blocks by itself; the call is not needed";
  KeepFreedMemory();
  FaultsOfABlock();
  EXPECT_LT(FaultsOfABlock(), kPages / 100);
}

}  // namespace
}  // namespace vitrine
