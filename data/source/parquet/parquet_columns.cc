#include "data/source/parquet/parquet_columns.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

using Kind = ColumnType::Kind;
using Columns = std::vector<ColumnType>;

// What is looked for.
struct Purpose {
  std::string_view what, types, field, feature;
  std::vector<std::vector<Kind>> kinds;  // the best first
  std::vector<std::string_view> usual;   // parts of names, the most usual first
  std::vector<std::string_view> others;  // words in names of what is something else
};

const Purpose& Images() {
  static const auto* const purpose =
      new Purpose{.what = "images",
                  .types = "struct<bytes: binary, path: string> or binary",
                  .field = "data.image_column",
                  .feature = "Image",
                  .kinds = {{Kind::kImageStruct}, {Kind::kBinary}},
                  .usual = {"image", "img", "picture", "photo"},
                  .others = {"mask", "thumbnail", "depth"}};
  return *purpose;
}

const Purpose& Labels() {
  static const auto* const purpose =
      new Purpose{.what = "labels",
                  .types = "integers or text",
                  .field = "data.label_column",
                  .feature = "ClassLabel",
                  .kinds = {{Kind::kInteger, Kind::kText}},
                  .usual = {"label", "class", "cls", "target", "category"},
                  .others = {"id", "key", "index", "idx", "path", "file", "filename", "name", "url",
                             "width", "height", "size", "caption", "text"}};
  return *purpose;
}

bool IsOneOf(Kind kind, const std::vector<Kind>& kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool Fits(const ColumnType& column, const Purpose& purpose) {
  return std::any_of(purpose.kinds.begin(), purpose.kinds.end(),
                     [&](const auto& kinds) { return IsOneOf(column.kind, kinds); });
}

// features[column][key], or null.
const Json* FindIn(const Json& features, const std::string& column, const char* key) {
  if (!features.is_object() || !features.contains(column)) return nullptr;
  const Json& feature = features[column];
  return feature.is_object() && feature.contains(key) ? &feature[key] : nullptr;
}

Columns DescribedAs(const Columns& columns, const Json& features, const Purpose& purpose) {
  Columns described;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(described),
               [&](const ColumnType& column) {
                 const Json* const type = FindIn(features, column.name, "_type");
                 return type != nullptr && type->is_string() &&
                        type->get<std::string>() == purpose.feature && Fits(column, purpose);
               });
  return described;
}

Columns OfKinds(const Columns& columns, const std::vector<Kind>& kinds) {
  Columns found;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(found),
               [&](const ColumnType& column) { return IsOneOf(column.kind, kinds); });
  return found;
}

// 0 for the most usual name, 1 for one that has it within, and so on; those of something else last.
size_t Strangeness(const ColumnType& column, const Purpose& purpose) {
  const std::string name = absl::AsciiStrToLower(column.name);
  for (size_t i = 0; i < purpose.usual.size(); ++i) {
    if (name == purpose.usual[i]) return 2 * i;
    if (absl::StrContains(name, purpose.usual[i])) return 2 * i + 1;
  }
  const std::vector<std::string_view> words = absl::StrSplit(name, absl::ByAnyChar("_- ."));
  const auto is_other = [&](std::string_view word) {
    return std::find(purpose.others.begin(), purpose.others.end(), word) != purpose.others.end();
  };
  return 2 * purpose.usual.size() + std::any_of(words.begin(), words.end(), is_other);
}

std::string Describe(const Columns& columns) {
  return absl::StrJoin(columns, ", ", [](std::string* out, const ColumnType& column) {
    absl::StrAppend(out, column.name, ": ", column.type);
  });
}

// Those that can be taken, the one to take first.
Columns Candidates(const Columns& columns, const Json& features, const Purpose& purpose) {
  Columns candidates = DescribedAs(columns, features, purpose);
  for (const std::vector<Kind>& kinds : purpose.kinds) {
    if (candidates.empty()) candidates = OfKinds(columns, kinds);
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const ColumnType& a, const ColumnType& b) {
                     return Strangeness(a, purpose) < Strangeness(b, purpose);
                   });
  return candidates;
}

// The name of the column, and of others that could be it; empty if there is none.
absl::StatusOr<std::string> Choose(const Columns& columns, const Json& features,
                                   const std::string& wanted, const Purpose& purpose,
                                   std::vector<std::string>* others) {
  if (wanted.empty()) {
    const Columns candidates = Candidates(columns, features, purpose);
    if (candidates.empty()) return std::string();
    const std::string& taken = candidates.front().name;
    for (const ColumnType& column : columns) {
      if (Fits(column, purpose) && column.name != taken) others->push_back(column.name);
    }
    return taken;
  }
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnType& column) { return column.name == wanted; });
  if (found == columns.end() || found->kind == Kind::kNull) return std::string();
  if (Fits(*found, purpose)) return wanted;
  return absl::InvalidArgumentError(absl::StrCat("column `", wanted, "` is ", found->type, "; ",
                                                 purpose.what, " are ", purpose.types, "; set ",
                                                 purpose.field, " to such a column"));
}

absl::Status Lacks(const Columns& columns, const std::string& wanted, const Purpose& purpose) {
  const std::string column = wanted.empty() ? "" : absl::StrCat(" `", wanted, "`");
  return absl::InvalidArgumentError(
      absl::StrCat("has no column", column, " of ", purpose.what, " (", purpose.types,
                   "); it has: ", Describe(columns), "; name one by ", purpose.field));
}

}  // namespace

absl::StatusOr<ColumnChoice> ChooseColumns(const Columns& columns, const Json& features,
                                           const ParquetColumns& wanted) {
  ColumnChoice choice;
  choice.taken.label_may_lack = wanted.label_may_lack;
  ASSIGN_OR_RETURN(choice.taken.image,
                   Choose(columns, features, wanted.image, Images(), &choice.other_images));
  if (choice.taken.image.empty()) return Lacks(columns, wanted.image, Images());
  Columns others;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(others),
               [&](const ColumnType& column) { return column.name != choice.taken.image; });
  ASSIGN_OR_RETURN(choice.taken.label,
                   Choose(others, features, wanted.label, Labels(), &choice.other_labels));
  if (choice.taken.label.empty() && !wanted.label_may_lack) {
    return Lacks(columns, wanted.label, Labels());
  }
  return choice;
}

const Json* FindClassNames(const Json& features, const std::string& column) {
  const Json* const names = FindIn(features, column, "names");
  return names != nullptr && names->is_array() && !names->empty() ? names : nullptr;
}

}  // namespace vitrine
