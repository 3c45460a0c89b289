// Train, minival and test, and how a part is held out.

#ifndef DATA_SPLIT_H_
#define DATA_SPLIT_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

enum class Split {
  kTrain,
  kMinival,  // held out of train: what may be selected on
  kTest,     // what nothing may be selected on
};

// "train", "minival" or "test".
std::string_view SplitName(Split split);

// The split of this name; an error that lists the names if there is none.
absl::StatusOr<Split> ParseSplit(std::string_view name);

// Indices of items, each list rising, the two together all items.
struct HoldOut {
  std::vector<int64_t> kept;
  std::vector<int64_t> held;
};

// Holds out exactly `count` of the items, 0 to all. Each class gives its share, rounded up or down
// by largest remainder (of equal ones the smaller label's first); which of its items, the seed
// says.
HoldOut HoldOutStratified(std::span<const int64_t> labels, int64_t count, uint64_t seed);

}  // namespace vitrine

#endif  // DATA_SPLIT_H_
