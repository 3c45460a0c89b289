// Names as a line of text shows them.

#ifndef BASE_ONE_LINE_H_
#define BASE_ONE_LINE_H_

#include <string>
#include <string_view>

namespace vitrine {

// The text as it is, or escaped as in C where it has line breaks or other control characters, which
// would end the line or steer a terminal.
std::string OneLine(std::string_view text);

}  // namespace vitrine

#endif  // BASE_ONE_LINE_H_
