#include "base/parallel/check_same.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

using Values = std::map<std::string, std::string>;

// "<length>:<bytes>" of each name and value.
std::string Encoded(const Values& values) {
  std::string text;
  const auto append = [&text](const std::string& part) {
    absl::StrAppend(&text, part.size(), ":", part);
  };
  for (const auto& [name, value] : values) {
    append(name);
    append(value);
  }
  return text;
}

std::string TakePart(std::string_view* text) {
  size_t length = 0;
  while (text->front() != ':') {
    length = 10 * length + (text->front() - '0');
    text->remove_prefix(1);
  }
  const std::string part(text->substr(1, length));
  text->remove_prefix(1 + length);
  return part;
}

Values Decoded(std::string_view text) {
  Values values;
  while (!text.empty()) {
    std::string name = TakePart(&text);
    values[std::move(name)] = TakePart(&text);
  }
  return values;
}

std::string Shown(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "nothing" : absl::StrCat("'", found->second, "'");
}

bool IsShort(const std::string& value) {
  constexpr size_t kShort = 60;
  return value.size() <= kShort && value.find('\n') == value.npos;
}

// The names whose values differ, empty if there are none.
std::string Differences(const Values& rank, const Values& rank0) {
  Values all = rank;
  all.insert(rank0.begin(), rank0.end());
  std::vector<std::string> differences;
  for (const auto& [name, unused] : all) {
    const std::string here = Shown(rank, name), there = Shown(rank0, name);
    if (here == there) continue;
    differences.push_back(IsShort(here) && IsShort(there)
                              ? absl::StrCat(name, " (", here, " and ", there, ")")
                              : name);
  }
  return absl::StrJoin(differences, ", ");
}

}  // namespace

absl::Status CheckSame(ProcessGroup& group, const Values& values) {
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, group.AllGather(Encoded(values)));
  const Values rank0 = Decoded(texts[0]);
  std::vector<std::string> problems;
  for (size_t rank = 1; rank < texts.size(); ++rank) {
    if (texts[rank] == texts[0]) continue;
    problems.push_back(
        absl::StrCat("rank ", rank, " in ", Differences(Decoded(texts[rank]), rank0)));
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("ranks differ from rank 0: ", absl::StrJoin(problems, "; "),
                   "; start all of them with the same program, config and data"));
}

}  // namespace vitrine
