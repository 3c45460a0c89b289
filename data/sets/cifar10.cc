#include "data/sets/cifar10.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "ATen/ops/concat.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/sets/find_folder.h"

namespace vitrine {
namespace {

constexpr int64_t kPixels = 3 * 32 * 32;
constexpr int64_t kRecordSize = 1 + kPixels;
constexpr size_t kClasses = 10;

absl::StatusOr<ImageSet> ParseRecords(std::string_view bytes) {
  if (bytes.empty()) {
    return absl::InvalidArgumentError("is empty; choose a file with records");
  }
  if (bytes.size() % kRecordSize != 0) {
    return absl::DataLossError(absl::StrCat("wrong length: ", bytes.size(), " bytes are not whole ",
                                            "records of ", kRecordSize, "; get the file again"));
  }
  const int64_t count = bytes.size() / kRecordSize;
  ImageSet set{at::empty({count, 3, 32, 32}, at::kByte), at::empty({count}, at::kLong)};
  uint8_t* images = set.images.mutable_data_ptr<uint8_t>();
  int64_t* labels = set.labels.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const std::string_view record = bytes.substr(i * kRecordSize, kRecordSize);
    labels[i] = static_cast<uint8_t>(record[0]);
    if (labels[i] >= static_cast<int64_t>(kClasses)) {
      return absl::InvalidArgumentError(absl::StrCat("label ", labels[i], " of record ", i,
                                                     " is out of range: CIFAR-10 has 0 to 9"));
    }
    std::copy(record.begin() + 1, record.end(), images + i * kPixels);
  }
  return set;
}

}  // namespace

absl::StatusOr<ImageSet> ReadCifar10File(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return Annotate(ParseRecords(bytes), path.string());
}

absl::StatusOr<ImageSet> ReadCifar10Train(const std::filesystem::path& folder) {
  std::vector<at::Tensor> images, labels;
  for (int i = 1; i <= 5; ++i) {
    ASSIGN_OR_RETURN(const ImageSet batch,
                     ReadCifar10File(folder / absl::StrCat("data_batch_", i, ".bin")));
    images.push_back(batch.images);
    labels.push_back(batch.labels);
  }
  return ImageSet{at::concat(images), at::concat(labels)};
}

absl::StatusOr<ImageSet> ReadCifar10Test(const std::filesystem::path& folder) {
  return ReadCifar10File(folder / "test_batch.bin");
}

absl::StatusOr<std::vector<std::string>> ReadCifar10ClassNames(
    const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "batches.meta.txt";
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    return std::vector<std::string>{"airplane", "automobile", "bird",  "cat",  "deer",
                                    "dog",      "frog",       "horse", "ship", "truck"};
  }
  RETURN_IF_ERROR(text.status());
  std::vector<std::string> names =
      absl::StrSplit(*text, absl::ByAnyChar("\r\n"), absl::SkipEmpty());
  if (names.size() != kClasses) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": names ", names.size(),
                                                   " classes, CIFAR-10 has 10; remove the file"));
  }
  return names;
}

absl::StatusOr<LoadedSet> LoadCifar10(const std::filesystem::path& data_dir) {
  ASSIGN_OR_RETURN(const std::filesystem::path folder,
                   FindFolder(data_dir, "cifar-10-batches-bin", "data_batch_1.bin"));
  ASSIGN_OR_RETURN(std::vector<std::string> class_names, ReadCifar10ClassNames(folder));
  ASSIGN_OR_RETURN(ImageSet train, ReadCifar10Train(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadCifar10Test(folder));
  return InMemory("cifar10", std::move(class_names), std::move(train), std::move(test));
}

}  // namespace vitrine
