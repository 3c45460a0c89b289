// Images with labels, wherever they are kept: what every data set looks like to those that use it.
//
//   for (int64_t i = 0; i < source.size(); ++i) {
//     ASSIGN_OR_RETURN(const StoredImage image, source.Read(i));
//     ...  // its class is source.Label(i)
//   }

#ifndef DATA_SOURCE_IMAGE_SOURCE_H_
#define DATA_SOURCE_IMAGE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"

namespace vitrine {

// An image file. The bytes stay as long as their owner.
struct EncodedBytes {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

// Pixels in memory, [channels, height, width], that stay as long as the source.
struct PlanarPixels {
  const uint8_t* pixels = nullptr;
  int channels = 0, height = 0, width = 0;
};

using StoredImage = std::variant<PlanarPixels, EncodedBytes>;

// Immutable once it is made: any number of threads may read at once.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  virtual int64_t size() const = 0;

  // Whether images are files, which take time to decode, and not pixels.
  virtual bool NeedsDecoding() const { return true; }

  // The class's number. Negative where there is none that is right; Read then says why.
  virtual int64_t Label(int64_t index) const = 0;

  // What people call the image: its file, and where that holds many, its place there.
  virtual std::string Name(int64_t index) const = 0;

  // Errors name the image:
  //   NotFound, PermissionDenied  a file that can't be opened any more
  //   DataLoss                    what is stored is damaged
  //   InvalidArgument             no image, or none of a class
  // Whether the bytes are an image that can be decoded is seen only by those who try.
  virtual absl::StatusOr<StoredImage> Read(int64_t index) const = 0;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_IMAGE_SOURCE_H_
