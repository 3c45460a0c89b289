// Stands in for libFuzzer in a plain build: gives each file that is named once to the fuzz target,
// so that inputs that failed before are tests. See fuzz.bzl.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "base/files/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::fprintf(stderr, "%s\n", argv[i]);  // at once: the last one is what ended the program
    const absl::StatusOr<std::string> bytes = vitrine::ReadFile(argv[i]);
    if (!bytes.ok()) {
      std::fprintf(stderr, "%s\n", bytes.status().ToString().c_str());
      return 1;
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size());
  }
  std::fprintf(stderr, "ran %d inputs\n", argc - 1);
  return argc > 1 ? 0 : 1;
}
