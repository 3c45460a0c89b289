#include "data/sets/loaded_set.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "data/source/memory_source.h"
#include "data/source/relabeled_source.h"

namespace vitrine {

LoadedSet InMemory(const std::string& name, std::vector<std::string> class_names, ImageSet train,
                   ImageSet test) {
  LoadedSet set;
  set.name = name;
  set.class_names = std::move(class_names);
  set.channels = static_cast<int>(train.images.size(1));
  set.size = {.width = static_cast<int>(train.images.size(3)),
              .height = static_cast<int>(train.images.size(2))};
  set.train = std::make_shared<MemorySource>(name + " training", std::move(train));
  set.test = std::make_shared<MemorySource>(name + " test", std::move(test));
  return set;
}

std::string DescribeOrigins(const PartOrigins& origins) {
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"train", origins.train}, {"minival", origins.minival}, {"test", origins.test}};
  std::vector<std::string> clauses;
  for (const auto& [first, origin] : parts) {
    std::vector<std::string_view> of_it;
    for (const auto& [part, other] : parts) {
      if (other == origin) of_it.push_back(part);
    }
    if (origin.empty() || of_it.front() != first) continue;
    clauses.push_back(absl::StrCat(absl::StrJoin(of_it, " and "), ": ", origin));
  }
  for (const std::string& unused : origins.unused) {
    clauses.push_back(absl::StrCat("not used: ", unused));
  }
  clauses.insert(clauses.end(), origins.remarks.begin(), origins.remarks.end());
  return absl::StrJoin(clauses, ", ");
}

void Renumber(const std::vector<int64_t>& labels, std::vector<std::string> class_names,
              LoadedSet* set) {
  for (auto* part : {&set->train, &set->minival, &set->test}) {
    if (*part != nullptr) *part = std::make_shared<RelabeledSource>(*part, labels);
  }
  set->class_names = std::move(class_names);
}

}  // namespace vitrine
