#include "data/source/relabeled_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/one_line.h"

namespace vitrine {
namespace {

// The first of the sorted names that the other list lacks, with quotes, or "none".
std::string FirstMissing(std::vector<std::string> names, std::vector<std::string> among) {
  std::sort(names.begin(), names.end());
  std::sort(among.begin(), among.end());
  std::vector<std::string> missing;
  std::set_difference(names.begin(), names.end(), among.begin(), among.end(),
                      std::back_inserter(missing));
  return missing.empty() ? "none" : absl::StrCat("'", OneLine(missing.front()), "'");
}

// Empty if the lists have a name twice or `from` has one that `to` has not.
std::vector<int64_t> Places(const std::vector<std::string>& from,
                            const std::vector<std::string>& to) {
  absl::flat_hash_map<std::string, int64_t> place;
  for (const std::string& name : to) place.emplace(name, place.size());
  std::vector<int64_t> labels;
  for (const std::string& name : from) {
    const auto found = place.find(name);
    if (found != place.end()) labels.push_back(found->second);
  }
  std::vector<int64_t> sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  const bool distinct = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  const bool good = distinct && labels.size() == from.size() && place.size() == to.size();
  return good ? labels : std::vector<int64_t>();
}

absl::Status OtherClasses(const std::vector<std::string>& from,
                          const std::vector<std::string>& to) {
  return absl::InvalidArgumentError(
      absl::StrCat("other classes than expected, ", from.size(),
                   from.size() == to.size() ? " as there" : absl::StrCat(" and not ", to.size()),
                   "; of those expected ", FirstMissing(to, from), " is missing, of those found ",
                   FirstMissing(from, to), " is new"));
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> MatchClasses(const std::vector<std::string>& from,
                                                  const std::vector<std::string>& to) {
  if (from.size() != to.size()) return OtherClasses(from, to);
  return MatchSomeClasses(from, to);
}

absl::StatusOr<std::vector<int64_t>> MatchSomeClasses(const std::vector<std::string>& from,
                                                      const std::vector<std::string>& to) {
  std::vector<int64_t> labels = Places(from, to);
  if (labels.size() != from.size()) return OtherClasses(from, to);
  return labels;
}

RelabeledSource::RelabeledSource(std::shared_ptr<const ImageSource> source,
                                 std::vector<int64_t> labels)
    : source_(std::move(source)), labels_(std::move(labels)) {}

int64_t RelabeledSource::Label(int64_t index) const {
  const int64_t label = source_->Label(index);
  return label < 0 ? label : labels_.at(label);
}

}  // namespace vitrine
