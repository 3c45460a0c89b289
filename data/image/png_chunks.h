// The chunks that a PNG consists of, damaged or not.
//
//   PngChunks chunks(png);
//   while (const std::optional<PngChunk> chunk = chunks.Next()) { ... }

#ifndef DATA_IMAGE_PNG_CHUNKS_H_
#define DATA_IMAGE_PNG_CHUNKS_H_

#include <optional>
#include <string>
#include <string_view>

namespace vitrine {

inline constexpr std::string_view kPngStart = "\x89PNG\r\n\x1a\n";

struct PngChunk {
  std::string_view type;  // four letters, digits or underscores
  std::string_view data;
  bool is_whole;              // whether the file has all of the data
  std::string_view checksum;  // four bytes; fewer where the file ends

  // Whether all is there and the checksum is right.
  bool IsIntact() const;
};

class PngChunks {
 public:
  // `png` begins with kPngStart, and must stay as long as the object and the chunks.
  explicit PngChunks(std::string_view png) : rest_(png.substr(kPngStart.size())) {}

  // The next one; none where the file ends or no chunk begins. Nothing follows IEND.
  std::optional<PngChunk> Next();

 private:
  std::string_view rest_;
};

// A chunk with its length and checksum.
std::string MakePngChunk(std::string_view type, std::string_view data);

}  // namespace vitrine

#endif  // DATA_IMAGE_PNG_CHUNKS_H_
