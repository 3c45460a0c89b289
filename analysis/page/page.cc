#include "analysis/page/page.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/page/page_files.h"
#include "glog/logging.h"

namespace vitrine {

namespace {

// Of one that is part of the program.
std::string_view Contents(std::string_view name) {
  for (const EmbeddedFile& file : PageFiles()) {
    if (file.name == name) return file.contents;
  }
  LOG(FATAL) << "no file of the page: " << name;
}

// What draws a page of the kind.
std::string Scripts(PageKind kind) {
  if (kind == PageKind::kNeighbours) return std::string(Contents("neighbours.js"));
  return absl::StrCat(Contents("chart.js"), "\n", Contents("sections.js"));
}

}  // namespace

std::string Page(const Json& data, PageKind kind) {
  // Texts that are not UTF-8, such as names of files may be, get replacement characters. Escaped,
  // "</script>" can't end the element that holds the data.
  const std::string json = absl::StrReplaceAll(CompactJson(data), {{"<", "\\u003c"}});
  const std::string scripts = Scripts(kind);
  // In one pass: parts are not looked into.
  return absl::StrReplaceAll(Contents("page.html"), {{"{{page.css}}", Contents("page.css")},
                                                     {"{{data}}", json},
                                                     {"{{dom.js}}", Contents("dom.js")},
                                                     {"{{scripts}}", scripts}});
}

}  // namespace vitrine
