#include "train/checkpoint/checkpoint.h"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "base/tensors/safetensors.h"
#include "glog/logging.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int kFormatVersion = 1;
constexpr size_t kNameDigits = 9;
constexpr char kModelFile[] = "model.safetensors";
constexpr char kOptimizerFile[] = "optimizer.safetensors";
constexpr char kEmaFile[] = "ema.safetensors";
constexpr char kSwaFile[] = "swa.safetensors";
constexpr char kManifest[] = "manifest.pb";
constexpr char kManifestText[] = "manifest.textproto";
constexpr char kFolder[] = "checkpoints";

bool IsCheckpointName(const std::string& name) {
  return name.size() == kNameDigits && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isdigit(c) != 0;
         });
}

// The names of what a folder holds, in order; none if there is no folder. Not paths, which take
// several times as long: a run that keeps all its checkpoints may have thousands.
absl::StatusOr<std::vector<std::string>> Names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  const bool absent =
      error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  if (error && !absent) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat(folder.string(), ": cannot list"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status WriteTensors(const fs::path& folder, const char* name, const TensorMap& tensors,
                          CheckpointManifest* manifest) {
  ASSIGN_OR_RETURN(const FileDigest digest, WriteSafetensors(folder / name, tensors));
  CheckpointManifest::File* file = manifest->add_files();
  file->set_name(name);
  file->set_size(digest.size);
  file->set_crc32c(digest.crc32c);
  return absl::OkStatus();
}

// The manifest's own checksum is its field 15, which protobuf writes as the byte 15 << 3 | 5 and
// four more, the smallest first.
constexpr char kChecksumTag = CheckpointManifest::kCrc32CFieldNumber << 3 | 5;
constexpr size_t kChecksumBytes = 5;

std::string ChecksumField(std::string_view bytes) {
  const uint32_t checksum = Crc32c(bytes);
  std::string field(1, kChecksumTag);
  for (int shift = 0; shift < 32; shift += 8) field.push_back(static_cast<char>(checksum >> shift));
  return field;
}

std::string ManifestBytes(const CheckpointManifest& manifest) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    // Protobuf leaves the order of maps open otherwise; there are none in the manifest today.
    coded.SetSerializationDeterministic(true);
    CHECK(manifest.SerializeToCodedStream(&coded));
  }
  return bytes + ChecksumField(bytes);
}

absl::Status WriteFiles(const fs::path& folder, const Checkpoint& checkpoint) {
  CheckpointManifest manifest = checkpoint.manifest;
  manifest.set_format_version(kFormatVersion);
  manifest.clear_files();
  manifest.clear_crc32c();
  RETURN_IF_ERROR(WriteTensors(folder, kModelFile, checkpoint.model, &manifest));
  if (checkpoint.optimizer) {
    RETURN_IF_ERROR(WriteTensors(folder, kOptimizerFile, *checkpoint.optimizer, &manifest));
  }
  if (checkpoint.ema) {
    RETURN_IF_ERROR(WriteTensors(folder, kEmaFile, *checkpoint.ema, &manifest));
  }
  if (checkpoint.swa) {
    RETURN_IF_ERROR(WriteTensors(folder, kSwaFile, *checkpoint.swa, &manifest));
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(manifest, &text);
  RETURN_IF_ERROR(WriteAndSync(folder / kManifestText, text));
  RETURN_IF_ERROR(WriteAndSync(folder / kManifest, ManifestBytes(manifest)));
  return SyncFolder(folder);
}

absl::StatusOr<TensorMap> ReadTensors(const fs::path& folder,
                                      const CheckpointManifest::File& file) {
  const fs::path path = folder / file.name();
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  if (bytes.size() != file.size()) {
    return absl::DataLossError(
        absl::StrCat(path.string(), ": ", bytes.size(), " bytes, the manifest says ", file.size()));
  }
  if (Crc32c(bytes) != file.crc32c()) {
    return absl::DataLossError(
        absl::StrCat(path.string(), ": damaged, its checksum is not the manifest's"));
  }
  return Annotate(ParseSafetensors(std::move(bytes)), path.string());
}

// A whole checkpoint under the name of another would be resumed as that.
absl::Status CheckName(const fs::path& path, int64_t iteration) {
  const std::string name = path.filename();
  if (!IsCheckpointName(name) || name == CheckpointName(iteration)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path.string(), ": holds the checkpoint of iteration ",
                                          iteration, "; rename the folder"));
}

// Where a file's tensors go; null if there is no such file.
TensorMap* Place(const std::string& file, Checkpoint* checkpoint) {
  if (file == kModelFile) return &checkpoint->model;
  if (file == kOptimizerFile) return &checkpoint->optimizer.emplace();
  if (file == kEmaFile) return &checkpoint->ema.emplace();
  if (file == kSwaFile) return &checkpoint->swa.emplace();
  return nullptr;
}

// Whether a file is missing or has other bytes than were written. What may not be read now, or was
// written by another version, can be whole.
bool IsDamage(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsInvalidArgument(status);
}

absl::StatusOr<Checkpoint> Read(const fs::path& path, bool model_only) {
  Checkpoint checkpoint;
  ASSIGN_OR_RETURN(checkpoint.manifest, ReadManifest(path));
  RETURN_IF_ERROR(CheckName(path, checkpoint.manifest.iteration()));
  for (const CheckpointManifest::File& file : checkpoint.manifest.files()) {
    if (model_only && file.name() != kModelFile) continue;
    TensorMap* const place = Place(file.name(), &checkpoint);
    if (place == nullptr) {
      return absl::DataLossError(
          absl::StrCat(path.string(), ": the manifest names an unknown file ", file.name()));
    }
    ASSIGN_OR_RETURN(*place, ReadTensors(path, file));
  }
  if (checkpoint.model.empty()) {
    return absl::DataLossError(absl::StrCat(path.string(), ": the manifest names no ", kModelFile));
  }
  if (checkpoint.swa && checkpoint.manifest.swa_count() <= 0) {
    return absl::DataLossError(absl::StrCat(path.string(), ": ", kSwaFile, " is the sum of ",
                                            checkpoint.manifest.swa_count(), " weights"));
  }
  return checkpoint;
}

}  // namespace

std::string CheckpointName(int64_t iteration) { return absl::StrFormat("%09d", iteration); }

absl::Status WriteCheckpoint(const fs::path& folder, const Checkpoint& checkpoint) {
  return WriteCheckpointAs(folder / CheckpointName(checkpoint.manifest.iteration()), checkpoint);
}

absl::Status WriteCheckpointAs(const fs::path& path, const Checkpoint& checkpoint) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const fs::path temporary = folder / absl::StrCat(".", path.filename().string());
  RETURN_IF_ERROR(RemoveAll(temporary));
  RETURN_IF_ERROR(CreateFolder(temporary));
  absl::Status status = WriteFiles(temporary, checkpoint);
  if (status.ok()) status = RemoveAll(path);
  if (status.ok()) {
    std::error_code error;
    fs::rename(temporary, path, error);
    if (error) {
      status = absl::ErrnoToStatus(error.value(),
                                   absl::StrCat(path.string(), ": cannot rename the checkpoint"));
    }
  }
  if (!status.ok()) {
    RemoveAll(temporary).IgnoreError();  // the first error is the one to report
    return status;
  }
  return SyncFolder(folder);
}

absl::StatusOr<CheckpointManifest> ReadManifest(const fs::path& folder) {
  const fs::path path = folder / kManifest;
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  const std::string_view contents =
      std::string_view(bytes).substr(0, bytes.size() - std::min(bytes.size(), kChecksumBytes));
  CheckpointManifest manifest;
  if (bytes != absl::StrCat(contents, ChecksumField(contents)) ||
      !manifest.ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat(path.string(), ": damaged, its checksum is not right"));
  }
  if (manifest.format_version() != kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), ": format ", manifest.format_version(), ", this program reads ",
                     kFormatVersion, "; use the version that wrote it"));
  }
  return manifest;
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const fs::path& path) {
  return Read(path, /*model_only=*/false);
}

absl::StatusOr<Checkpoint> ReadModelOnly(const fs::path& path) {
  return Read(path, /*model_only=*/true);
}

absl::StatusOr<std::vector<fs::path>> ListCheckpoints(const fs::path& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(folder));
  std::vector<fs::path> checkpoints;
  for (const std::string& name : names) {
    if (IsCheckpointName(name)) checkpoints.push_back(folder / name);
  }
  return checkpoints;
}

absl::StatusOr<fs::path> FindCheckpoint(const fs::path& path) {
  if (Exists(path / kManifest)) return WithName(path);
  ASSIGN_OR_RETURN(const std::vector<fs::path> checkpoints, ListCheckpoints(path / kFolder));
  if (!checkpoints.empty()) return checkpoints.back();
  return absl::NotFoundError(absl::StrCat(path.string(), ": neither a checkpoint (no ", kManifest,
                                          ") nor a run with one (no ", kFolder, "/NNNNNNNNN)"));
}

absl::StatusOr<Checkpoint> ReadNewestWhole(const fs::path& folder) {
  ASSIGN_OR_RETURN(const std::vector<fs::path> checkpoints, ListCheckpoints(folder));
  for (auto path = checkpoints.rbegin(); path != checkpoints.rend(); ++path) {
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(*path);
    if (checkpoint.ok() || !IsDamage(checkpoint.status())) return checkpoint;
    LOG(WARNING) << "skipped a damaged checkpoint: " << checkpoint.status().message();
  }
  return absl::NotFoundError(
      absl::StrCat(folder.string(),
                   ": no whole checkpoint; put one back, or start a new run in another folder"));
}

absl::Status SweepCheckpoints(const fs::path& folder, const CheckpointConfig& config,
                              std::optional<int64_t> best) {
  ASSIGN_OR_RETURN(std::vector<std::string> names, Names(folder));
  for (const std::string& name : names) {
    if (name.size() == kNameDigits + 1 && name[0] == '.' && IsCheckpointName(name.substr(1))) {
      RETURN_IF_ERROR(RemoveAll(folder / name));
    }
  }
  if (config.keep_last() == 0) return absl::OkStatus();
  std::erase_if(names, [](const std::string& name) { return !IsCheckpointName(name); });
  for (size_t i = 0; i + config.keep_last() < names.size(); ++i) {
    int64_t iteration;
    CHECK(absl::SimpleAtoi(names[i], &iteration));
    if (config.keep_every() > 0 && iteration % config.keep_every() == 0) continue;
    if (config.keep_best() && iteration == best) continue;
    RETURN_IF_ERROR(RemoveAll(folder / names[i]));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
