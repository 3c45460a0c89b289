// Downloading a file whose bytes are known beforehand.
//
//   const RemoteFile file = {.name = "a.gz", .urls = {"https://x.org/a.gz", ...}, .sha256 = "..."};
//   RETURN_IF_ERROR(Download(file, folder));   // now folder/a.gz has the digest

#ifndef DATA_PREPARE_DOWNLOAD_H_
#define DATA_PREPARE_DOWNLOAD_H_

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace vitrine {

struct RemoteFile {
  std::string name;
  std::vector<std::string> urls;  // places that have the same bytes, tried in turn
  std::string sha256;             // lower-case hexadecimal
};

// Brings the file into the folder with the system's curl. The bytes gather in `<name>.partial`,
// which a later call goes on with, and take their name only when the digest is right. A place that
// breaks off is asked for the rest as long as it sends anything new. A place that is silent for
// `patience` is given up; a second at least.
absl::Status Download(const RemoteFile& file, const std::filesystem::path& folder,
                      std::chrono::seconds patience = std::chrono::seconds(30));

// An error that says what is there and what should be, unless the file has the digest.
absl::Status CheckSha256(const std::filesystem::path& path, const std::string& expected);

// Renames a file or a folder once all its bytes are on the disk, so that not even a power cut
// leaves half of it under its final name.
absl::Status Publish(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace vitrine

#endif  // DATA_PREPARE_DOWNLOAD_H_
