#include "vit/dropout/dropout_keys.h"

#include <optional>

#include "ATen/CPUGeneratorImpl.h"
#include "glog/logging.h"

namespace vitrine {

struct DropoutKeys::Sequence {
  std::optional<at::Generator> generator;
  at::Tensor keys;  // where there is no generator
  int64_t drawn = 0;
};

DropoutKeys::DropoutKeys(uint64_t seed)
    : sequence_(std::make_shared<Sequence>(
          Sequence{.generator = at::detail::createCPUGenerator(seed), .keys = {}})) {}

DropoutKeys::DropoutKeys(const at::Tensor& keys)
    : sequence_(std::make_shared<Sequence>(Sequence{.generator = std::nullopt, .keys = keys})) {
  CHECK(keys.dim() == 1 && keys.scalar_type() == at::kLong && keys.is_contiguous());
}

DropoutKey DropoutKeys::Draw() {
  const int64_t index = sequence_->drawn++;
  if (sequence_->generator) {
    return {.value = at::check_generator<at::CPUGeneratorImpl>(*sequence_->generator)->random64()};
  }
  CHECK_LT(index, sequence_->keys.numel()) << "a pass drops more often than it has keys";
  return {.place =
              reinterpret_cast<const uint64_t*>(sequence_->keys.const_data_ptr<int64_t>()) + index};
}

int64_t DropoutKeys::drawn() const { return sequence_->drawn; }

DropoutKeys DropoutKeys::Clone() const {
  DropoutKeys clone = *this;
  clone.sequence_ = std::make_shared<Sequence>(*sequence_);
  if (sequence_->generator) clone.sequence_->generator = sequence_->generator->clone();
  return clone;
}

}  // namespace vitrine
