// Bytes as a file, without a disk: what fuzz targets give to readers that take a path.

#ifndef DATA_SOURCE_FUZZ_FILE_H_
#define DATA_SOURCE_FUZZ_FILE_H_

#include <filesystem>
#include <string_view>

namespace vitrine {

class FuzzFile {
 public:
  explicit FuzzFile(std::string_view bytes);
  ~FuzzFile();

  FuzzFile(const FuzzFile&) = delete;
  FuzzFile& operator=(const FuzzFile&) = delete;

  // Good as long as this object.
  std::filesystem::path path() const;

 private:
  int fd_;
};

}  // namespace vitrine

#endif  // DATA_SOURCE_FUZZ_FILE_H_
