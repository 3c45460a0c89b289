// One HTML file that needs no other: style, scripts and data are in it.

#ifndef ANALYSIS_PAGE_PAGE_H_
#define ANALYSIS_PAGE_PAGE_H_

#include <string>

#include "base/files/json.h"

namespace vitrine {

enum class PageKind {
  kReport,      // of an object whose `runs` are those of WriteReport
  kNeighbours,  // of what DescribeNeighbours returns, with a title and a lead
};

// The page of page.html with this data, which the scripts of its kind draw. Whatever texts the data
// holds, none becomes a part of the page's HTML.
std::string Page(const Json& data, PageKind kind = PageKind::kReport);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_PAGE_H_
