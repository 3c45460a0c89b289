// What the parts of a data set are called on disk: the words that Hugging Face's `datasets` knows.

#ifndef DATA_SETS_PART_WORDS_H_
#define DATA_SETS_PART_WORDS_H_

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

enum class PartRole { kTrain, kValidation, kTest };

// The words for it, the usual one first.
std::span<const std::string_view> WordsFor(PartRole role);

// The first word for any part in a name, where it stands apart from other letters: "test" is in
// "cifar10-test2" and not in "latest". It stays, whatever becomes of the name. Empty if there is
// none.
std::string_view FindPartWord(std::string_view name);

// One part where it was found.
struct PartPlace {
  std::string word;                          // "val"
  std::string name;                          // within the data set's folder, for people: "val/"
  std::vector<std::filesystem::path> paths;  // a folder of class folders, a pack, or the shards
};

}  // namespace vitrine

#endif  // DATA_SETS_PART_WORDS_H_
