// A file inside the program; //tools:embed.bzl puts it there.

#ifndef BASE_FILES_EMBEDDED_FILE_H_
#define BASE_FILES_EMBEDDED_FILE_H_

#include <string_view>

namespace vitrine {

struct EmbeddedFile {
  std::string_view name;  // without folders
  std::string_view contents;
};

}  // namespace vitrine

#endif  // BASE_FILES_EMBEDDED_FILE_H_
