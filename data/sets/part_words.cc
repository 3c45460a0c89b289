#include "data/sets/part_words.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr std::string_view kTrain[] = {"train", "training"};
constexpr std::string_view kValidation[] = {"val", "validation", "valid", "dev"};
constexpr std::string_view kTest[] = {"test", "testing", "eval", "evaluation"};

// The word as it is kept here; empty if it is none.
std::string_view KnownWord(std::string_view word) {
  for (const auto role : {PartRole::kTrain, PartRole::kValidation, PartRole::kTest}) {
    const auto words = WordsFor(role);
    const auto known = std::find(words.begin(), words.end(), word);
    if (known != words.end()) return *known;
  }
  return "";
}

// Between words are digits and -._ and spaces.
bool IsInWord(char c) {
  return !absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
         std::string_view("-._ ").find(c) == std::string_view::npos;
}

}  // namespace

std::span<const std::string_view> WordsFor(PartRole role) {
  switch (role) {
    case PartRole::kTrain:
      return kTrain;
    case PartRole::kValidation:
      return kValidation;
    case PartRole::kTest:
      return kTest;
  }
  LOG(FATAL) << "not a role: " << static_cast<int>(role);
}

std::string_view FindPartWord(std::string_view name) {
  while (!name.empty()) {
    const auto end = std::find_if_not(name.begin(), name.end(), IsInWord);
    const std::string_view word = name.substr(0, end - name.begin());
    if (const std::string_view known = KnownWord(word); !known.empty()) return known;
    name.remove_prefix(std::min(word.size() + 1, name.size()));
  }
  return "";
}

}  // namespace vitrine
