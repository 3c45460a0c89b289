// The scanlines of a PNG: for each row, of each pass where it is interlaced, a filter and the
// pixels as it stores them.

#ifndef DATA_IMAGE_PNG_SCANLINES_H_
#define DATA_IMAGE_PNG_SCANLINES_H_

#include <cstddef>
#include <vector>

#include "lodepng.h"

namespace vitrine {

// Their size in bytes.
size_t ScanlineBytes(unsigned width, unsigned height, const LodePNGInfo& info);

// The `custom_context` of UnpackScanlines.
struct ScanlineStream {
  size_t bytes;                       // of scanlines
  const std::vector<size_t>& breaks;  // RepairedPng's
};

// A `custom_zlib` of lodepng that takes what libpng takes: more contents than there are pixels, and
// anything behind the stream. Just so many bytes come out; an error means that there are fewer, or
// that their checksum is wrong or absent, unless there is a break before its end and more behind.
unsigned UnpackScanlines(unsigned char** out, size_t* out_size, const unsigned char* in,
                         size_t in_size, const LodePNGDecompressSettings* settings);

}  // namespace vitrine

#endif  // DATA_IMAGE_PNG_SCANLINES_H_
