#include "base/tensors/npy.h"

#include <bit>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vitrine {
namespace {

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kAlignment = 64;

// A Python tuple; of one number it needs the comma.
std::string Shape(at::IntArrayRef sizes) {
  return absl::StrCat("(", absl::StrJoin(sizes, ", "), sizes.size() == 1 ? ",)" : ")");
}

}  // namespace

std::string NpyHeader(at::IntArrayRef sizes) {
  static_assert(std::endian::native == std::endian::little);
  std::string header =
      absl::StrCat("{'descr': '<f4', 'fortran_order': False, 'shape': ", Shape(sizes), ", }");
  // The numbers begin at a multiple of the alignment, behind a line break.
  const size_t unpadded = kMagic.size() + 2 + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header.push_back('\n');
  std::string bytes(kMagic);
  bytes.push_back(static_cast<char>(header.size() & 0xff));
  bytes.push_back(static_cast<char>(header.size() >> 8));
  return bytes + header;
}

std::string NpyBytes(const at::Tensor& tensor) {
  const at::Tensor numbers = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  std::string bytes = NpyHeader(numbers.sizes());
  bytes.append(reinterpret_cast<const char*>(numbers.const_data_ptr<float>()),
               numbers.numel() * sizeof(float));
  return bytes;
}

}  // namespace vitrine
