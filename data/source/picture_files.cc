#include "data/source/picture_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/files/folder_listing.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReadEndings[] = {".jpg", ".jpeg", ".jpe", ".jfif", ".png"};
constexpr std::string_view kOtherEndings[] = {".webp", ".gif",  ".bmp",  ".tif", ".tiff",
                                              ".avif", ".heic", ".heif", ".jp2", ".jxl",
                                              ".ppm",  ".pgm",  ".pbm",  ".pnm"};

enum class Kind { kRead, kUnreadable, kNone };

// Of a regular file: others may keep us waiting.
std::string FirstBytes(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return "";
  std::string bytes(12, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(stream.gcount());
  return bytes;
}

Kind KindOfBytes(std::string_view bytes) {
  if (absl::StartsWith(bytes, "\xff\xd8\xff") || absl::StartsWith(bytes, "\x89PNG")) {
    return Kind::kRead;
  }
  const bool is_webp =
      absl::StartsWith(bytes, "RIFF") && absl::StartsWith(absl::ClippedSubstr(bytes, 8), "WEBP");
  const bool is_tiff = absl::StartsWith(bytes, absl::string_view("II*\0", 4)) ||
                       absl::StartsWith(bytes, absl::string_view("MM\0*", 4));
  const bool is_other = is_webp || is_tiff || absl::StartsWith(bytes, "GIF8");
  return is_other ? Kind::kUnreadable : Kind::kNone;
}

template <size_t n>
bool IsOneOf(std::string_view ending, const std::string_view (&endings)[n]) {
  return std::find(std::begin(endings), std::end(endings), ending) != std::end(endings);
}

// Most files are called what they are, and need not be opened.
Kind KindOf(const fs::path& file) {
  const std::string ending = absl::AsciiStrToLower(file.extension().string());
  if (IsOneOf(ending, kReadEndings)) return Kind::kRead;
  const Kind kind = KindOfBytes(FirstBytes(file));
  return kind == Kind::kNone && IsOneOf(ending, kOtherEndings) ? Kind::kUnreadable : kind;
}

class Finder {
 public:
  explicit Finder(Unreadable unreadable) : unreadable_(unreadable) {}

  absl::Status Visit(const fs::path& folder, const std::string& prefix);

  PictureFiles Take() {
    std::sort(found_.names.begin(), found_.names.end());
    return std::move(found_);
  }

 private:
  bool IsTaken(const fs::path& folder, const FolderEntry& entry) const;

  const Unreadable unreadable_;
  std::vector<fs::path> above_;  // the folders that we are in, without links, with "/" at the end
  PictureFiles found_;
};

absl::Status Finder::Visit(const fs::path& folder, const std::string& prefix) {
  std::error_code error;
  const fs::path canonical = fs::canonical(folder, error) / "";
  const bool leads_up = std::any_of(above_.begin(), above_.end(), [&](const fs::path& above) {
    return absl::StartsWith(above.string(), canonical.string());
  });
  if (leads_up) return absl::OkStatus();
  above_.push_back(canonical);
  ASSIGN_OR_RETURN(const std::vector<FolderEntry> entries, ListFolder(folder));
  for (const FolderEntry& entry : entries) {
    if (entry.is_folder) {
      RETURN_IF_ERROR(Visit(folder / entry.name, absl::StrCat(prefix, entry.name, "/")));
    } else if (IsTaken(folder, entry)) {
      found_.names.push_back(prefix + entry.name);
    } else {
      found_.passed_over.Add(folder / entry.name);
    }
  }
  above_.pop_back();
  return absl::OkStatus();
}

bool Finder::IsTaken(const fs::path& folder, const FolderEntry& entry) const {
  const Kind kind = KindOf(folder / entry.name);
  const bool is_read = kind == Kind::kRead && entry.is_file;  // and no link to nothing
  return is_read || (kind != Kind::kNone && unreadable_ == Unreadable::kTaken);
}

}  // namespace

void PassedOver::Add(const fs::path& file) {
  if (count++ == 0) first = file;
}

void PassedOver::Add(const PassedOver& others) {
  if (count == 0) first = others.first;
  count += others.count;
}

void WarnOfPassedOver(const PassedOver& files) {
  if (files.count == 0) return;
  LOG(WARNING) << files.count
               << " files that are no JPEG or PNG pictures are passed over; the first is "
               << files.first.string();
}

bool IsPicture(const fs::path& file) { return KindOf(file) != Kind::kNone; }

absl::StatusOr<PictureFiles> FindPictures(const fs::path& folder, Unreadable unreadable) {
  Finder finder(unreadable);
  RETURN_IF_ERROR(finder.Visit(folder, ""));
  return finder.Take();
}

}  // namespace vitrine
