#include "data/transform/testing.h"

#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/tensors/safetensors.h"
#include "data/image/testing.h"
#include "glog/logging.h"

namespace vitrine {

const TensorMap& Goldens() {
  static const auto* const goldens = [] {
    auto* const all = new TensorMap;
    for (const std::string_view name : {"transforms", "auto_augment"}) {
      auto tensors =
          ReadSafetensors(absl::StrCat("data/transform/testdata/", name, ".safetensors"));
      CHECK(tensors.ok()) << tensors.status();
      all->merge(*tensors);
    }
    return all;
  }();
  return *goldens;
}

Image Golden(const std::string& key) { return FromTensor(Goldens().at(key)); }

std::vector<std::vector<std::string>> GoldensOf(std::string_view name) {
  const std::string prefix = absl::StrCat(name, "/");
  std::vector<std::vector<std::string>> goldens;
  for (const auto& [key, tensor] : Goldens()) {
    std::string_view rest = key;
    if (absl::ConsumePrefix(&rest, prefix)) goldens.push_back(absl::StrSplit(rest, '/'));
  }
  CHECK(!goldens.empty()) << name;
  return goldens;
}

double Number(std::string_view text) {
  double number;
  CHECK(absl::SimpleAtod(text, &number)) << text;
  return number;
}

Box BoxOf(std::string_view text) {
  const std::vector<std::string> numbers = absl::StrSplit(text, ',');
  CHECK(numbers.size() == 4) << text;
  const auto at = [&](int i) { return static_cast<int>(Number(numbers[i])); };
  return {at(0), at(1), at(2), at(3)};
}

double ChiSquare(const std::vector<int>& counts) {
  const double expected =
      std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

}  // namespace vitrine
