// What is often found where a JPEG or PNG should be.

#ifndef DATA_IMAGE_OTHER_FORMATS_H_
#define DATA_IMAGE_OTHER_FORMATS_H_

#include <string_view>

#include "absl/status/status.h"

namespace vitrine {

// The error about a file that is neither, InvalidArgument: what it is, by its first bytes, and for
// a picture the command that makes a PNG of it.
absl::Status NeitherJpegNorPng(std::string_view bytes);

}  // namespace vitrine

#endif  // DATA_IMAGE_OTHER_FORMATS_H_
