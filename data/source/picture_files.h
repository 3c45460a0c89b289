// Finds the pictures in a folder, among what else lies there.
//
//   ASSIGN_OR_RETURN(const PictureFiles found, FindPictures(folder, Unreadable::kTaken));
//   WarnOfPassedOver(found.passed_over);

#ifndef DATA_SOURCE_PICTURE_FILES_H_
#define DATA_SOURCE_PICTURE_FILES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// Files that are no pictures: Thumbs.db, desktop.ini, lists.
struct PassedOver {
  int64_t count = 0;
  std::filesystem::path first;

  void Add(const std::filesystem::path& file);
  void Add(const PassedOver& others);
};

// A warning that counts them and names the first, if there are any.
void WarnOfPassedOver(const PassedOver& files);

struct PictureFiles {
  std::vector<std::string> names;  // within the folder: "images/1.jpg"; sorted as bytes
  PassedOver passed_over;
};

// Pictures that this program does not read, such as GIF and WebP, and links to nothing.
enum class Unreadable {
  kTaken,       // they are to be heard of
  kPassedOver,  // they are no fault
};

// Whether the name ends as those of pictures do or the first bytes are those of one. So a damaged
// picture counts as one, and a page of text that is called a picture, too.
bool IsPicture(const std::filesystem::path& file);

// The pictures in the folder and in those in it. What is hidden is left out without a word, links
// are followed. Errors name a folder that can't be read; NotFound if this one is not there.
absl::StatusOr<PictureFiles> FindPictures(const std::filesystem::path& folder,
                                          Unreadable unreadable);

}  // namespace vitrine

#endif  // DATA_SOURCE_PICTURE_FILES_H_
