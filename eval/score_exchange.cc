#include "eval/score_exchange.h"

#include <cstring>
#include <string>

#include "ATen/ops/empty.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/parallel/agreement.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// Two sizes, then logits and labels.
std::string Encode(const Scores& scores) {
  const at::Tensor logits = scores.logits.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor labels = scores.labels.to(at::kCPU).contiguous();
  const int64_t sizes[] = {logits.size(0), logits.size(1)};
  const auto bytes = [](const void* data, size_t size) {
    return std::string_view(static_cast<const char*>(data), size);
  };
  return absl::StrCat(bytes(sizes, sizeof(sizes)), bytes(logits.const_data_ptr(), logits.nbytes()),
                      bytes(labels.const_data_ptr(), labels.nbytes()));
}

Scores Decode(std::string_view encoded) {
  int64_t sizes[2];
  const auto take = [&](void* to, size_t size) {
    CHECK_LE(size, encoded.size());
    std::memcpy(to, encoded.data(), size);
    encoded.remove_prefix(size);
  };
  take(sizes, sizeof(sizes));
  Scores scores{.logits = at::empty({sizes[0], sizes[1]}, at::kFloat),
                .labels = at::empty({sizes[0]}, at::kLong)};
  take(scores.logits.mutable_data_ptr(), scores.logits.nbytes());
  take(scores.labels.mutable_data_ptr(), scores.labels.nbytes());
  CHECK(encoded.empty());
  return scores;
}

}  // namespace

absl::StatusOr<std::vector<Scores>> ExchangeScores(ProcessGroup* group,
                                                   const absl::StatusOr<std::optional<Scores>>& own,
                                                   at::Device device) {
  std::vector<Scores> scores;
  if (group->size() == 1) {
    RETURN_IF_ERROR(own.status());
    if (*own) scores.push_back(**own);
    return scores;
  }
  const auto encoded = [&]() -> absl::StatusOr<std::string> {
    RETURN_IF_ERROR(own.status());
    return *own ? Encode(**own) : "";
  };
  ASSIGN_OR_RETURN(const std::vector<std::string> all, GatherOrFail(group, encoded()));
  for (const std::string& one : all) {
    if (one.empty()) continue;
    const Scores decoded = Decode(one);
    scores.push_back({decoded.logits.to(device), decoded.labels.to(device)});
  }
  return scores;
}

absl::StatusOr<BadImages> AddUp(ProcessGroup* group, const BadImages& own) {
  if (group->size() == 1) return own;
  ASSIGN_OR_RETURN(const std::vector<std::string> all,
                   group->AllGather(absl::StrCat(own.count, " ", own.example)));
  BadImages sum;
  for (const std::string& one : all) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(one, absl::MaxSplits(' ', 1));
    int64_t count = 0;
    CHECK(absl::SimpleAtoi(parts.first, &count));
    if (sum.count == 0) sum.example = parts.second;
    sum.count += count;
  }
  return sum;
}

}  // namespace vitrine
