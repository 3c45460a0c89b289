#include "data/image/other_formats.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace vitrine {
namespace {

constexpr std::string_view kImageMagick = "mogrify -format png FILE";

// What one kind of file is called, and what makes PNG files of it; empty: nothing.
struct Format {
  std::string_view name, command;
};

struct Signature {
  size_t place;
  std::string_view bytes;
  Format format;
};

constexpr Signature kSignatures[] = {
    {0, "GIF8", {"a GIF", kImageMagick}},
    {0, "BM", {"a BMP", kImageMagick}},
    {8, "WEBP", {"a WebP", kImageMagick}},
    {0, {"II*\0", 4}, {"a TIFF", kImageMagick}},
    {0, {"MM\0*", 4}, {"a TIFF", kImageMagick}},
    {0, {"II+\0", 4}, {"a TIFF", kImageMagick}},
    {0, {"MM\0+", 4}, {"a TIFF", kImageMagick}},
    {0, {"\0\0\0\x0cjP  ", 8}, {"a JPEG 2000", kImageMagick}},
    {0, "\xff\x4f\xff\x51", {"a JPEG 2000", kImageMagick}},
    {0, {"\0\0\0\x0cJXL ", 8}, {"a JPEG XL", "djxl FILE FILE.png"}},
    {0, "\xff\x0a", {"a JPEG XL", "djxl FILE FILE.png"}},
    {0, "8BPS", {"a Photoshop document", kImageMagick}},
    {0, "%PDF", {"a PDF", "pdftoppm -png FILE FILE"}},
};

// The files of ISO 14496-12 begin with the size of a box, its name `ftyp`, and the brands that they
// conform to: the first, a number, and others.
Format FormatOfBrands(std::string_view bytes) {
  size_t size = 0;
  for (const char c : bytes.substr(0, 4)) size = size << 8 | static_cast<uint8_t>(c);
  Format format = {"a film or another file of ISO 14496-12", ""};
  for (size_t at = 8; at + 4 <= std::min(size, bytes.size()); at += 4) {
    const std::string_view brand = bytes.substr(at, 4);
    if (brand == "avif" || brand == "avis") return {"an AVIF", kImageMagick};
    if (absl::StartsWith(brand, "hei") || absl::StartsWith(brand, "hev") || brand == "mif1" ||
        brand == "msf1") {
      format = {"a HEIC", kImageMagick};
    }
  }
  return format;
}

Format FormatOfText(std::string_view bytes) {
  constexpr size_t kPrologue = 4096;  // an SVG may begin with comments
  return absl::StrContains(absl::ClippedSubstr(bytes, 0, kPrologue), "<svg")
             ? Format{"an SVG", "rsvg-convert --output=FILE.png FILE"}
             : Format{"a web page or another text", ""};
}

Format FormatOf(std::string_view bytes) {
  if (bytes.empty()) return {"an empty file", ""};
  for (const Signature& signature : kSignatures) {
    if (absl::StartsWith(absl::ClippedSubstr(bytes, signature.place), signature.bytes)) {
      return signature.format;
    }
  }
  if (absl::ClippedSubstr(bytes, 4, 4) == "ftyp") return FormatOfBrands(bytes);
  std::string_view text = bytes;
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");  // a mark of UTF-8
  text = absl::StripLeadingAsciiWhitespace(text);
  if (absl::StartsWith(text, "<")) return FormatOfText(text);
  return {"neither a JPEG nor a PNG", ""};
}

}  // namespace

absl::Status NeitherJpegNorPng(std::string_view bytes) {
  const Format format = FormatOf(bytes);
  std::string message(format.name);
  if (!bytes.empty()) absl::StrAppend(&message, "; JPEG and PNG are read");
  if (!format.command.empty()) {
    absl::StrAppend(&message, ": convert it, for example with '", format.command,
                    "', and remove the original");
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace vitrine
