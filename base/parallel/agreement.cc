#include "base/parallel/agreement.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

// A byte with the code, then what there is or what is wrong.
std::string Encode(const absl::StatusOr<std::string>& own) {
  const char code = static_cast<char>(own.status().code());
  return absl::StrCat(std::string_view(&code, 1), own.ok() ? *own : own.status().message());
}

absl::StatusOr<std::string> Decode(std::string encoded) {
  const auto code = static_cast<absl::StatusCode>(encoded.at(0));
  encoded.erase(0, 1);
  if (code == absl::StatusCode::kOk) return encoded;
  return absl::Status(code, encoded);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> GatherOrFail(ProcessGroup* group,
                                                      const absl::StatusOr<std::string>& own) {
  if (group->size() == 1) {
    RETURN_IF_ERROR(own.status());
    return std::vector{*own};
  }
  ASSIGN_OR_RETURN(std::vector<std::string> all, group->AllGather(Encode(own)));
  for (size_t rank = 0; rank < all.size(); ++rank) {
    absl::StatusOr<std::string> decoded = Decode(std::move(all[rank]));
    if (!decoded.ok()) return Annotate(decoded.status(), absl::StrCat("rank ", rank));
    all[rank] = *std::move(decoded);
  }
  return all;
}

absl::Status AgreeOn(ProcessGroup* group, const absl::Status& own) {
  return GatherOrFail(group,
                      own.ok() ? absl::StatusOr<std::string>("") : absl::StatusOr<std::string>(own))
      .status();
}

absl::StatusOr<std::string> FromRankZero(ProcessGroup* group,
                                         absl::FunctionRef<absl::StatusOr<std::string>()> ask) {
  ASSIGN_OR_RETURN(const std::vector<std::string> all,
                   GatherOrFail(group, group->rank() == 0 ? ask() : std::string()));
  return all[0];
}

}  // namespace vitrine
