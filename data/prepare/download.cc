#include "data/prepare/download.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/files/file.h"
#include "base/programs/process.h"
#include "base/status_macros.h"
#include "data/prepare/sha256.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// curl's manual, "Exit codes".
constexpr int kCannotWrite = 23;
constexpr int kCannotResume = 33;

int64_t SizeOrZero(const fs::path& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

absl::Status Remove(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), absl::StrCat(path.string(), ": cannot remove"));
}

// Tells a person at a terminal how far it has come.
void ShowProgress(const fs::path& partial) {
  if (!isatty(STDERR_FILENO)) return;
  absl::FPrintF(stderr, "\r%s: %.1f MB", partial.stem().string(), SizeOrZero(partial) / 1e6);
}

void EndProgress() {
  if (isatty(STDERR_FILENO)) absl::FPrintF(stderr, "\r\033[K");
}

// One file and what is there of it already.
class Downloader {
 public:
  Downloader(const RemoteFile& file, const fs::path& folder, std::chrono::seconds patience)
      : file_(file),
        path_(folder / file.name),
        partial_(folder / absl::StrCat(file.name, ".partial")),
        patience_(patience) {}

  absl::Status Run() {
    // An earlier run may have ended just before the renaming.
    if (SizeOrZero(partial_) > 0 && CheckSha256(partial_, file_.sha256).ok()) {
      return Publish(partial_, path_);
    }
    for (const std::string& url : file_.urls) {
      ASSIGN_OR_RETURN(const bool whole, DownloadFrom(url));
      if (whole) return Publish(partial_, path_);
    }
    if (SizeOrZero(partial_) == 0) RETURN_IF_ERROR(Remove(partial_));
    return absl::UnavailableError(absl::StrCat(
        path_.string(), ": cannot be downloaded: ", absl::StrJoin(refusals_, "; "),
        "; try again later, or put a file with SHA-256 ", file_.sha256, " there yourself"));
  }

 private:
  // Whether the place gave the right bytes; an error where trying another can't help.
  absl::StatusOr<bool> DownloadFrom(const std::string& url) {
    std::cout << "downloading " << url << std::endl;
    bool may_restart = true;
    int64_t most = SizeOrZero(partial_);
    while (true) {
      const bool resumed = SizeOrZero(partial_) > 0;
      ASSIGN_OR_RETURN(const ProcessResult curl, RunCurl(url));
      const int64_t size = SizeOrZero(partial_);
      if (curl.exit_status == 0) {
        const absl::Status correct = CheckSha256(partial_, file_.sha256);
        if (correct.ok()) return true;
        // The fault may lie with the bytes of an earlier place, so this one gets a clean start.
        RETURN_IF_ERROR(Remove(partial_));
        if (!resumed || !may_restart) return Refuse(url, correct.message());
        may_restart = false;
        most = 0;
      } else if (curl.exit_status == kCannotResume && may_restart) {
        RETURN_IF_ERROR(Remove(partial_));
        may_restart = false;
        most = 0;
      } else if (size <= most) {
        return Refuse(url, OneLine(curl.text));
      }
      most = std::max(most, size);
    }
  }

  absl::StatusOr<ProcessResult> RunCurl(const std::string& url) const {
    const std::string seconds = absl::StrCat(patience_.count());
    absl::StatusOr<ProcessResult> result =
        RunProcess({"curl", "--fail", "--location", "--silent", "--show-error", "--connect-timeout",
                    seconds, "--speed-limit", "1", "--speed-time", seconds, "--continue-at", "-",
                    "--output", partial_.string(), url},
                   Capture::kErr, [this] { ShowProgress(partial_); });
    EndProgress();
    if (absl::IsNotFound(result.status())) {
      return absl::FailedPreconditionError("curl is not installed (Debian's package curl)");
    }
    if (result.ok() && result->exit_status == kCannotWrite) {
      return absl::ResourceExhaustedError(
          absl::StrCat(partial_.string(), ": cannot be written; is the disk full?"));
    }
    return result;
  }

  bool Refuse(const std::string& url, std::string_view reason) {
    refusals_.push_back(absl::StrCat(url, ": ", reason));
    return false;
  }

  static std::string OneLine(std::string_view text) {
    return absl::StrReplaceAll(absl::StripAsciiWhitespace(text), {{"\n", " "}});
  }

  const RemoteFile& file_;
  const fs::path path_;
  const fs::path partial_;
  const std::chrono::seconds patience_;
  std::vector<std::string> refusals_;  // why each place so far did not do
};

}  // namespace

absl::Status Download(const RemoteFile& file, const fs::path& folder,
                      std::chrono::seconds patience) {
  // curl would not say why it can't write.
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(folder.string(), ": cannot write there"));
  }
  return Downloader(file, folder, patience).Run();
}

absl::Status CheckSha256(const fs::path& path, const std::string& expected) {
  ASSIGN_OR_RETURN(const std::string found, Sha256OfFile(path));
  if (found == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("SHA-256 is ", found, ", expected ", expected));
}

absl::Status Publish(const fs::path& from, const fs::path& to) {
  const auto error = [&to] {
    return absl::ErrnoToStatus(errno, absl::StrCat(to.string(), ": cannot be put in place"));
  };
  const int fd = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error();
  const int synced = syncfs(fd);
  close(fd);
  if (synced != 0 || rename(from.c_str(), to.c_str()) != 0) return error();
  return SyncFolder(to.parent_path());
}

}  // namespace vitrine
