// What tests of sources have in common.

#ifndef DATA_SOURCE_TESTING_H_
#define DATA_SOURCE_TESTING_H_

#include <cstdint>
#include <string>

#include "data/source/image_source.h"

namespace vitrine {

// The bytes of an encoded image, or "!" and the message of the error.
std::string BytesAt(const ImageSource& source, int64_t index);

}  // namespace vitrine

#endif  // DATA_SOURCE_TESTING_H_
