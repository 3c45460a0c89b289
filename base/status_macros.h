// RETURN_IF_ERROR and ASSIGN_OR_RETURN: pass an error on, with context added on the way up.
//
//   RETURN_IF_ERROR(WriteFile(path, bytes));
//   ASSIGN_OR_RETURN(const Dataset data, LoadDataset(config));
//   RETURN_IF_ERROR(Annotate(Parse(text), path));       // "<path>: <message>"

#ifndef BASE_STATUS_MACROS_H_
#define BASE_STATUS_MACROS_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace vitrine {

inline absl::Status ToStatus(absl::Status status) { return status; }

template <typename T>
absl::Status ToStatus(absl::StatusOr<T>&& result) {
  return std::move(result).status();
}

// The same error, its message preceded by "<context>: ".
inline absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    annotated.SetPayload(type, payload);
  });
  return annotated;
}

template <typename T>
absl::StatusOr<T> Annotate(absl::StatusOr<T> result, std::string_view context) {
  if (result.ok()) return result;
  return Annotate(result.status(), context);
}

}  // namespace vitrine

#define RETURN_IF_ERROR(expression)                                     \
  do {                                                                  \
    absl::Status status_macro_result = ::vitrine::ToStatus(expression); \
    if (!status_macro_result.ok()) return status_macro_result;          \
  } while (false)

#define STATUS_MACROS_CONCAT_INNER(a, b) a##b
#define STATUS_MACROS_CONCAT(a, b) STATUS_MACROS_CONCAT_INNER(a, b)

#define ASSIGN_OR_RETURN(declaration, expression) \
  STATUS_MACROS_ASSIGN(STATUS_MACROS_CONCAT(status_macro_, __LINE__), declaration, expression)

#define STATUS_MACROS_ASSIGN(result, declaration, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) return std::move(result).status();        \
  declaration = *std::move(result)

#endif  // BASE_STATUS_MACROS_H_
