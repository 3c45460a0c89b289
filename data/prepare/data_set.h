// Data sets on the disk, as their publishers made them: brought there once, verified ever after.
//
// What is there already is never replaced or removed: a file that differs is an error that says so.

#ifndef DATA_PREPARE_DATA_SET_H_
#define DATA_PREPARE_DATA_SET_H_

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"
#include "data/prepare/download.h"

namespace vitrine {

enum class Outcome {
  kVerified,    // all of it was there already, with the right digests; nothing was asked for
  kDownloaded,  // some or all of it was missing, and now is there
};

// Brings the files into the folder.
absl::StatusOr<Outcome> PrepareFiles(const std::vector<RemoteFile>& files,
                                     const std::filesystem::path& folder);

// Brings the folder, which the tar archive holds under the same name. Only the archive's digest is
// known beforehand; those of its files are written to SHA256SUMS beside them, for later runs and
// for `sha256sum --check`. The archive itself is not kept.
absl::StatusOr<Outcome> PrepareArchive(const RemoteFile& archive,
                                       const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_PREPARE_DATA_SET_H_
