// What the text chunks of a PNG say.

#ifndef DATA_IMAGE_PNG_TEXT_H_
#define DATA_IMAGE_PNG_TEXT_H_

#include <string>
#include <string_view>

#include "data/image/png_chunks.h"

namespace vitrine {

// Whether it is a tEXt, zTXt or iTXt chunk with this keyword.
bool IsPngText(const PngChunk& chunk, std::string_view keyword);

// The text of such a chunk, unpacked. Empty if it is damaged or has more than a mebibyte, which is
// taken for an attack.
std::string PngText(const PngChunk& chunk);

}  // namespace vitrine

#endif  // DATA_IMAGE_PNG_TEXT_H_
