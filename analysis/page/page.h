// One HTML file that needs no other: style, scripts and data are in it.

#ifndef ANALYSIS_PAGE_PAGE_H_
#define ANALYSIS_PAGE_PAGE_H_

#include <string>

#include "base/files/json.h"

namespace vitrine {

// The page of page.html with this data, which page.html's scripts draw: an object whose `runs` are
// those of WriteReport. Whatever texts the data holds, none becomes a part of the page's HTML.
std::string Page(const Json& data);

}  // namespace vitrine

#endif  // ANALYSIS_PAGE_PAGE_H_
