#include "data/source/fuzz_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace vitrine {

FuzzFile::FuzzFile(std::string_view bytes) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
  PCHECK(fd_ >= 0);
  PCHECK(write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

FuzzFile::~FuzzFile() { close(fd_); }

std::filesystem::path FuzzFile::path() const { return absl::StrCat("/proc/self/fd/", fd_); }

}  // namespace vitrine
