#include "analysis/page/page.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/page/page_files.h"
#include "glog/logging.h"

namespace vitrine {

std::string Page(const Json& data) {
  // Texts that are not UTF-8, such as names of files may be, get replacement characters. Escaped,
  // "</script>" can't end the element that holds the data.
  const std::string json = absl::StrReplaceAll(CompactJson(data), {{"<", "\\u003c"}});
  std::string_view skeleton;
  std::vector<std::pair<std::string, std::string_view>> parts = {{"{{data}}", json}};
  for (const EmbeddedFile& file : PageFiles()) {
    if (file.name == "page.html") {
      skeleton = file.contents;
    } else {
      parts.emplace_back(absl::StrCat("{{", file.name, "}}"), file.contents);
    }
  }
  CHECK(!skeleton.empty());
  return absl::StrReplaceAll(skeleton, parts);  // in one pass: parts are not looked into
}

}  // namespace vitrine
