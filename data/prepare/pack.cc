#include "data/prepare/pack.h"

#include <algorithm>
#include <array>
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

// The files of the parts that there can be.
constexpr std::array<std::string_view, 3> kPacks = {"test.pack", "validation.pack", "train.pack"};

// In the same order; null where there is none.
std::array<const ImageSource*, 3> PartsOf(const LoadedSet& set) {
  return {set.test.get(), set.minival.get(), set.train.get()};
}

constexpr int kQuality = 95;

// Images that are encoded at once, and then written in their order.
constexpr int64_t kChunk = 256;

// Deeper than pictures lie in a class folder; a link that leads back up would have no end.
constexpr int kMostLevels = 8;

// A line for a regular file, or for each in a folder and in those in it, `levels` deep.
void ListFiles(const fs::path& root, const fs::path& place, int levels,
               std::set<std::string>* lines) {
  std::error_code error;  // what can't be looked at can't be packed either
  const fs::directory_entry entry(place, error);
  if (entry.is_regular_file(error)) {
    lines->insert(absl::StrCat(place.lexically_relative(root).string(), " ", entry.file_size(error),
                               " ", entry.last_write_time(error).time_since_epoch().count(), "\n"));
  } else if (levels > 0 && entry.is_directory(error)) {
    fs::directory_iterator inner(place, error);
    for (; !error && inner != fs::directory_iterator(); inner.increment(error)) {
      ListFiles(root, inner->path(), levels - 1, lines);
    }
  }
}

// SHA-256 of the names, sizes and times of change of all that lies where the images are.
std::string Fingerprint(const LoadedSet& set, const fs::path& folder) {
  std::set<std::string> lines;
  for (const fs::path& place : set.places) ListFiles(folder, place, kMostLevels, &lines);
  Sha256 sha;
  for (const std::string& line : lines) sha.Update(line);
  return sha.HexDigest();
}

// What goes without saying is not said: packs of older programs stay good.
std::string OriginOf(const LoadedSet& set, const fs::path& from, const PackOptions& options) {
  return absl::StrCat("files ", Fingerprint(set, from), ", shorter side ", options.shorter_side,
                      options.skip_bad ? ", bad ones left out" : "",
                      set.minival == nullptr ? "" : ", in three parts",
                      set.columns.empty() || set.columns == kUsualColumns
                          ? ""
                          : absl::StrCat(", columns ", set.columns));
}

struct Packed {
  std::string bytes;   // the file's own, or those of a smaller picture
  std::string damage;  // what is wrong with the file although it was read; empty: nothing
};

absl::StatusOr<Packed> Encode(const ImageSource& source, int64_t index, int shorter_side) {
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
  if (!shrinks) return Packed{std::string(bytes), encoded.damage()};
  Resample(decoded, region, target, Filter::kBicubic, &resized);
  return Packed{EncodeJpeg(resized, kQuality), encoded.damage()};
}

// Images [begin, begin + results' size), on several threads.
std::vector<absl::StatusOr<Packed>> EncodeChunk(const ImageSource& source, int64_t begin,
                                                int64_t count, const PackOptions& options) {
  std::vector<absl::StatusOr<Packed>> results(count);
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

// The pack is complete then, and not in its place.
absl::Status PackPart(const ImageSource& source, const fs::path& from, const PackOptions& options,
                      PackedWriter* writer, PackResult* result) {
  const std::string folder = (from / "").string();
  int64_t left_out = 0;
  for (int64_t begin = 0; begin < source.size(); begin += kChunk) {
    const int64_t count = std::min(kChunk, source.size() - begin);
    const auto encoded = EncodeChunk(source, begin, count, options);
    for (int64_t i = 0; i < count; ++i) {
      const std::string name = source.Name(begin + i);
      const absl::Status status = Annotate(encoded[i].status(), name);
      if (!status.ok() && !options.skip_bad) {
        return absl::Status(status.code(),
                            absl::StrCat(status.message(), "; mend it, or set --skip_bad"));
      }
      if (!status.ok()) {
        ++left_out;
        if (result->left_out++ == 0) result->example = std::string(status.message());
        continue;
      }
      const auto& [bytes, damage] = *encoded[i];
      if (!damage.empty() && result->damaged.count++ == 0) {
        result->damaged.example = absl::StrCat(name, ": ", damage);
      }
      RETURN_IF_ERROR(writer->Add(source.Label(begin + i), absl::StripPrefix(name, folder), bytes));
    }
  }
  if (left_out == source.size()) {
    return absl::DataLossError(
        absl::StrCat("no image could be read; the first: ", result->example));
  }
  return writer->Complete();
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
    for (const std::string_view pack : kPacks) {
      const bool is_part = absl::StartsWith(name, absl::StrCat(".", pack, "."));
      if (is_part && absl::EndsWith(name, ".partial")) fs::remove(entry.path(), error);
    }
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

// All packs or none. The training part is the last in its place, and an old one is the first to go:
// without it there are no packs.
absl::Status PutInPlace(const LoadedSet& set, const fs::path& into,
                        std::vector<PackedWriter>* writers) {
  if (writers->size() > 1) RETURN_IF_ERROR(RemoveAll(into / kPacks.back()));
  const auto parts = PartsOf(set);
  for (size_t i = 0; i < kPacks.size(); ++i) {
    if (parts[i] == nullptr) RETURN_IF_ERROR(RemoveAll(into / kPacks[i]));
  }
  for (PackedWriter& writer : *writers) RETURN_IF_ERROR(writer.Finish());
  return absl::OkStatus();
}

absl::StatusOr<PackResult> PackInto(const LoadedSet& set, const fs::path& from,
                                    const PackOptions& options, const fs::path& into) {
  ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Acquire(into));
  RemoveLeftovers(into);
  const std::string origin = OriginOf(set, from, options);
  const auto parts = PartsOf(set);
  std::vector<PackedWriter> writers;
  PackResult result;
  for (size_t i = 0; i < kPacks.size(); ++i) {
    const fs::path path = into / kPacks[i];
    if (parts[i] == nullptr || IsGood(path, origin)) continue;
    ASSIGN_OR_RETURN(PackedWriter writer, PackedWriter::Create(path, set.class_names, origin));
    RETURN_IF_ERROR(PackPart(*parts[i], from, options, &writer, &result));
    writers.push_back(std::move(writer));
  }
  result.verified = writers.empty();
  RETURN_IF_ERROR(PutInPlace(set, into, &writers));
  return result;
}

// The outermost folder that is not there yet; empty if all are.
fs::path FirstAbsent(const fs::path& folder) {
  fs::path absent;
  for (fs::path path = folder; !path.empty() && !Exists(path); path = path.parent_path()) {
    absent = path;
  }
  return absent;
}

// Those that hold nothing, from this folder out to the other, where there is one.
void RemoveEmpty(fs::path folder, const fs::path& outermost) {
  std::error_code error;
  while (!outermost.empty() && fs::remove(folder, error) && folder != outermost) {
    folder = folder.parent_path();
  }
}

}  // namespace

absl::StatusOr<PackResult> PackImages(const LoadedSet& set, const fs::path& from,
                                      const PackOptions& options, const fs::path& into) {
  if (IsWithin(into, from)) {
    return absl::InvalidArgumentError(absl::StrCat(into.string(),
                                                   ": lies in the folder that is to be packed, ",
                                                   from.string(), "; take one outside"));
  }
  const fs::path created = FirstAbsent(into);
  absl::StatusOr<PackResult> result = PackInto(set, from, options, into);
  if (!result.ok()) RemoveEmpty(into, created);
  return result;
}

}  // namespace vitrine
