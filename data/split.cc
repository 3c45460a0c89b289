#include "data/split.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

struct Class {
  int64_t label;
  std::vector<int64_t> items;
  int64_t quota;
  int64_t remainder;  // of the exact share, in units of 1 / (all items)
};

// The classes by rising label, with what is surely theirs to give.
std::vector<Class> ClassesOf(std::span<const int64_t> labels, int64_t count) {
  std::map<int64_t, std::vector<int64_t>> items;
  for (size_t i = 0; i < labels.size(); ++i) items[labels[i]].push_back(i);
  const int64_t total = labels.size();
  std::vector<Class> classes;
  for (auto& [label, of_label] : items) {
    const int64_t share = count * static_cast<int64_t>(of_label.size());
    classes.push_back({label, std::move(of_label), share / total, share % total});
  }
  return classes;
}

// Rounds the shares so that together they give `count`.
void RoundQuotas(int64_t count, std::vector<Class>& classes) {
  std::vector<Class*> by_remainder;
  for (Class& c : classes) {
    count -= c.quota;
    by_remainder.push_back(&c);
  }
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [](const Class* a, const Class* b) { return a->remainder > b->remainder; });
  for (int64_t i = 0; i < count; ++i) ++by_remainder[i]->quota;
}

// Brings a random choice of c.quota items to the front.
void Choose(uint64_t seed, Class& c) {
  RandomStream stream(seed, "hold_out", c.label);
  for (int64_t i = 0; i < c.quota; ++i) {
    std::swap(c.items[i], c.items[i + stream.Below(c.items.size() - i)]);
  }
}

}  // namespace

std::string_view SplitName(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kMinival:
      return "minival";
    case Split::kTest:
      return "test";
  }
  LOG(FATAL) << "not a split: " << static_cast<int>(split);
}

absl::StatusOr<Split> ParseSplit(std::string_view name) {
  for (const Split split : {Split::kTrain, Split::kMinival, Split::kTest}) {
    if (name == SplitName(split)) return split;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("must be train, minival or test, is '", name, "'"));
}

HoldOut HoldOutStratified(std::span<const int64_t> labels, int64_t count, uint64_t seed) {
  CHECK_GE(count, 0);
  CHECK_LE(count, static_cast<int64_t>(labels.size()));
  std::vector<Class> classes = ClassesOf(labels, count);
  RoundQuotas(count, classes);
  HoldOut result;
  for (Class& c : classes) {
    Choose(seed, c);
    const auto middle = c.items.begin() + c.quota;
    result.held.insert(result.held.end(), c.items.begin(), middle);
    result.kept.insert(result.kept.end(), middle, c.items.end());
  }
  std::sort(result.held.begin(), result.held.end());
  std::sort(result.kept.begin(), result.kept.end());
  return result;
}

}  // namespace vitrine
