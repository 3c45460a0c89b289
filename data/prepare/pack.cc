#include "data/prepare/pack.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/files/folder_lock.h"
#include "base/status_macros.h"
#include "data/image/decode.h"
#include "data/image/jpeg.h"
#include "data/image/resample.h"
#include "data/prepare/sha256.h"
#include "data/source/packed_source.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int kQuality = 95;

// Images that are encoded at once, and then written in their order.
constexpr int64_t kChunk = 256;

// A line for each regular file of the folder; those of folders in it too, `levels` deep.
void ListFiles(const fs::path& root, const fs::path& folder, int levels,
               std::set<std::string>* lines) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;  // what can't be looked at can't be packed either
    const fs::path& path = entry->path();
    if (entry->is_directory(ignored)) {
      if (levels > 0) ListFiles(root, path, levels - 1, lines);
    } else if (entry->is_regular_file(ignored)) {
      lines->insert(absl::StrCat(path.lexically_relative(root).string(), " ",
                                 entry->file_size(ignored), " ",
                                 entry->last_write_time(ignored).time_since_epoch().count(), "\n"));
    }
  }
}

// SHA-256 of the names, sizes and times of change of what may belong to the images, and of nothing
// that lies beside it.
std::string Fingerprint(const fs::path& folder) {
  std::set<std::string> lines;
  for (const char* part : {"train", "val", "validation", "test"}) {
    ListFiles(folder, folder / part, 1, &lines);
  }
  ListFiles(folder, folder / "data", 0, &lines);
  std::set<std::string> beside;
  ListFiles(folder, folder, 0, &beside);
  for (const std::string& line : beside) {
    if (absl::StrContains(line, ".parquet ")) lines.insert(line);
  }
  Sha256 sha;
  for (const std::string& line : lines) sha.Update(line);
  return sha.HexDigest();
}

std::string OriginOf(const fs::path& from, const PackOptions& options) {
  return absl::StrCat("files ", Fingerprint(from), ", shorter side ", options.shorter_side,
                      options.skip_bad ? ", bad ones left out" : "");
}

// The bytes to pack of one image: its own, or those of a smaller picture.
absl::StatusOr<std::string> Encode(const ImageSource& source, int64_t index, int shorter_side) {
  ASSIGN_OR_RETURN(const StoredImage stored, source.Read(index));
  const std::string_view bytes = std::get<EncodedBytes>(stored).bytes;
  ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(bytes));
  const Size size = {.width = encoded.width(), .height = encoded.height()};
  const int shorter = std::min(size.width, size.height);
  const bool shrinks = shorter_side > 0 && shorter > shorter_side;
  // As torchvision's Resize rounds.
  const auto reduced = [&](int side) {
    return shrinks ? static_cast<int>(int64_t{side} * shorter_side / shorter) : side;
  };
  const Size target = {.width = reduced(size.width), .height = reduced(size.height)};
  // One that stays as it is is decoded too: to see whether it can be.
  Image decoded, resized;
  ASSIGN_OR_RETURN(const Region region,
                   encoded.Decode({.width = size.width, .height = size.height}, target, &decoded));
  if (!shrinks) return std::string(bytes);
  Resample(decoded, region, target, Filter::kBicubic, &resized);
  return EncodeJpeg(resized, kQuality);
}

// Images [begin, begin + results' size), on several threads.
std::vector<absl::StatusOr<std::string>> EncodeChunk(const ImageSource& source, int64_t begin,
                                                     int64_t count, const PackOptions& options) {
  std::vector<absl::StatusOr<std::string>> results(count);
  std::atomic<int64_t> next = 0;
  const auto work = [&] {
    for (int64_t i = next++; i < count; i = next++) {
      results[i] = Encode(source, begin + i, options.shorter_side);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return results;
}

absl::Status PackPart(const ImageSource& source, const fs::path& from, const PackOptions& options,
                      PackedWriter writer, PackResult* result) {
  const std::string folder = (from / "").string();
  for (int64_t begin = 0; begin < source.size(); begin += kChunk) {
    const int64_t count = std::min(kChunk, source.size() - begin);
    const auto encoded = EncodeChunk(source, begin, count, options);
    for (int64_t i = 0; i < count; ++i) {
      const std::string name = source.Name(begin + i);
      const absl::Status status = Annotate(encoded[i].status(), name);
      if (!status.ok() && !options.skip_bad) return status;
      if (!status.ok()) {
        if (result->left_out++ == 0) result->example = std::string(status.message());
        continue;
      }
      RETURN_IF_ERROR(
          writer.Add(source.Label(begin + i), absl::StripPrefix(name, folder), *encoded[i]));
    }
  }
  if (result->left_out == source.size()) {
    return absl::DataLossError(
        absl::StrCat("no image could be read; the first: ", result->example));
  }
  return writer.Finish();
}

// Whether one is the other folder or lies in it, whatever links lead there.
bool IsWithin(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(path, error) / "";
  const fs::path outer = fs::weakly_canonical(folder, error) / "";
  return absl::StartsWith(inner.string(), outer.string());
}

// What a killed run was writing.
void RemoveLeftovers(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool is_part =
        absl::StartsWith(name, ".train.pack.") || absl::StartsWith(name, ".test.pack.");
    if (is_part && absl::EndsWith(name, ".partial")) fs::remove(entry.path(), error);
  }
}

// Whether the pack is of this origin and can be read to its end.
bool IsGood(const fs::path& path, const std::string& origin) {
  const absl::StatusOr<PackedImages> packed = OpenPacked(path);
  if (!packed.ok() || packed->origin != origin) return false;
  for (int64_t i = 0; i < packed->images->size(); ++i) {
    if (!packed->images->Read(i).ok()) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<PackResult> PackImages(const ImageFiles& files, const fs::path& from,
                                      const PackOptions& options, const fs::path& into) {
  if (IsWithin(into, from)) {
    return absl::InvalidArgumentError(absl::StrCat(into.string(),
                                                   ": lies in the folder that is to be packed, ",
                                                   from.string(), "; take one outside"));
  }
  RETURN_IF_ERROR(CreateFolder(into));
  ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Acquire(into));
  RemoveLeftovers(into);
  const std::string origin = OriginOf(from, options);
  const std::pair<fs::path, const ImageSource*> parts[] = {
      {into / "test.pack", files.test.get()}, {into / "train.pack", files.train.get()}};
  PackResult result;
  result.verified = true;
  for (const auto& [path, source] : parts) {
    if (IsGood(path, origin)) continue;
    result.verified = false;
    ASSIGN_OR_RETURN(PackedWriter writer, PackedWriter::Create(path, files.class_names, origin));
    RETURN_IF_ERROR(PackPart(*source, from, options, std::move(writer), &result));
  }
  return result;
}

}  // namespace vitrine
