#include "data/prepare/data_set.h"

#include <cerrno>
#include <iostream>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"
#include "base/files/folder_lock.h"
#include "base/programs/process.h"
#include "base/status_macros.h"
#include "data/prepare/sha256.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSums = "SHA256SUMS";

// What is wrong is made again by a run without `to_remove`.
absl::Status VerifyFile(const fs::path& path, const std::string& sha256,
                        const std::string& to_remove = "it") {
  const absl::Status status = CheckSha256(path, sha256);
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(absl::StrCat(path.string(), ": ", status.message(), "; remove ",
                                          to_remove, " and run again"));
}

// SHA256SUMS has lines "<digest>  <name>", as sha256sum writes them.
absl::Status WriteSums(const fs::path& folder) {
  std::set<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.insert(entry.path());
  std::string text;
  for (const fs::path& path : paths) {
    ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(path));
    absl::StrAppend(&text, digest, "  ", path.filename().string(), "\n");
  }
  return WriteAndSync(folder / kSums, text);
}

absl::Status VerifySums(const fs::path& folder) {
  absl::StatusOr<std::string> text = ReadFile(folder / kSums);
  if (absl::IsNotFound(text.status()) || (text.ok() && text->empty())) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder.string(), ": was put there by other means: without ", kSums,
                     " it can't be verified; use it as it is, or remove it and run again"));
  }
  RETURN_IF_ERROR(text.status());
  for (const std::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> sum = absl::StrSplit(line, absl::MaxSplits("  ", 1));
    const fs::path path = folder / sum.second;
    if (!Exists(path)) {
      return absl::NotFoundError(
          absl::StrCat(path.string(), ": is missing; remove ", folder.string(), " and run again"));
    }
    RETURN_IF_ERROR(VerifyFile(path, sum.first, folder.string()));
  }
  return absl::OkStatus();
}

absl::Status RunTar(const fs::path& archive, const fs::path& into) {
  ASSIGN_OR_RETURN(const ProcessResult tar,
                   RunProcess({"tar", "--extract", "--gzip", "--force-local", "--no-same-owner",
                               "--no-same-permissions", "--file=" + archive.string(),
                               "--directory=" + into.string()},
                              Capture::kErr));
  if (tar.exit_status == 0) return absl::OkStatus();
  const std::string reason =
      absl::StrReplaceAll(absl::StripAsciiWhitespace(tar.text), {{"\n", "; "}});
  return absl::DataLossError(absl::StrCat(archive.string(), ": cannot be unpacked: ", reason));
}

absl::Status UnpackInto(const fs::path& temporary, const fs::path& archive,
                        const fs::path& folder) {
  RETURN_IF_ERROR(CreateFolder(temporary));
  RETURN_IF_ERROR(RunTar(archive, temporary));
  const fs::path unpacked = temporary / folder.filename();
  if (!Exists(unpacked)) {
    return absl::DataLossError(
        absl::StrCat(archive.string(), ": holds no folder ", folder.filename().string()));
  }
  RETURN_IF_ERROR(WriteSums(unpacked));
  return Publish(unpacked, folder);
}

// The folder appears whole or not at all; what a killed run left of it is swept first.
absl::Status Unpack(const fs::path& archive, const fs::path& folder) {
  const fs::path temporary =
      folder.parent_path() / absl::StrCat(".", folder.filename().string(), ".partial");
  RETURN_IF_ERROR(RemoveAll(temporary));
  std::cout << "unpacking " << archive.string() << std::endl;
  const absl::Status unpacked = UnpackInto(temporary, archive, folder);
  const absl::Status removed = RemoveAll(temporary);
  return unpacked.ok() ? removed : unpacked;
}

}  // namespace

absl::StatusOr<Outcome> PrepareFiles(const std::vector<RemoteFile>& files, const fs::path& folder) {
  ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Acquire(folder));
  std::vector<const RemoteFile*> missing;
  for (const RemoteFile& file : files) {
    if (Exists(folder / file.name)) {
      RETURN_IF_ERROR(VerifyFile(folder / file.name, file.sha256));
    } else {
      missing.push_back(&file);
    }
  }
  for (const RemoteFile* file : missing) RETURN_IF_ERROR(Download(*file, folder));
  return missing.empty() ? Outcome::kVerified : Outcome::kDownloaded;
}

absl::StatusOr<Outcome> PrepareArchive(const RemoteFile& archive, const fs::path& folder) {
  const fs::path parent = folder.parent_path();
  ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Acquire(parent));
  if (Exists(folder)) {
    RETURN_IF_ERROR(VerifySums(folder));
    return Outcome::kVerified;
  }
  RETURN_IF_ERROR(Exists(parent / archive.name) ? VerifyFile(parent / archive.name, archive.sha256)
                                                : Download(archive, parent));
  RETURN_IF_ERROR(Unpack(parent / archive.name, folder));
  RETURN_IF_ERROR(RemoveAll(parent / archive.name));
  return Outcome::kDownloaded;
}

}  // namespace vitrine
