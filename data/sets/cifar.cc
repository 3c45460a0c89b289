#include "data/sets/cifar.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "ATen/ops/concat.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/status_macros.h"
#include "data/sets/find_folder.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPixels = 3 * 32 * 32;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // of some editors' UTF-8

// What sets the two data sets apart.
struct Format {
  std::string_view title;
  int64_t label_bytes;  // the last is the class
  int64_t classes;
  std::string_view names_file, official_names;
  std::string_view folder, marker;                // of the binary version
  std::string_view python_folder, python_marker;  // of the other one
};

constexpr Format kCifar10 = {
    .title = "CIFAR-10",
    .label_bytes = 1,
    .classes = 10,
    .names_file = "batches.meta.txt",
    .official_names = "airplane automobile bird cat deer dog frog horse ship truck",
    .folder = "cifar-10-batches-bin",
    .marker = "data_batch_1.bin",
    .python_folder = "cifar-10-batches-py",
    .python_marker = "data_batch_1"};

constexpr Format kCifar100 = {
    .title = "CIFAR-100",
    .label_bytes = 2,
    .classes = 100,
    .names_file = "fine_label_names.txt",
    .official_names =
        "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
        "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach "
        "couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house "
        "kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle "
        "mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
        "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal "
        "shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper "
        "table tank telephone television tiger tractor train trout tulip turtle wardrobe whale "
        "willow_tree wolf woman worm",
    .folder = "cifar-100-binary",
    .marker = "train.bin",
    .python_folder = "cifar-100-python",
    .python_marker = "meta"};

absl::StatusOr<ImageSet> ParseRecords(std::string_view bytes, const Format& format) {
  const int64_t record_size = format.label_bytes + kPixels;
  if (bytes.empty()) {
    return absl::InvalidArgumentError("is empty; choose a file with records");
  }
  if (bytes.size() % record_size != 0) {
    return absl::DataLossError(absl::StrCat("wrong length: ", bytes.size(), " bytes are not whole ",
                                            "records of ", record_size, "; get the file again"));
  }
  const int64_t count = bytes.size() / record_size;
  ImageSet set{at::empty({count, 3, 32, 32}, at::kByte), at::empty({count}, at::kLong)};
  uint8_t* images = set.images.mutable_data_ptr<uint8_t>();
  int64_t* labels = set.labels.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const std::string_view record = bytes.substr(i * record_size, record_size);
    const auto pixels = record.begin() + format.label_bytes;
    labels[i] = static_cast<uint8_t>(*(pixels - 1));
    if (labels[i] >= format.classes) {
      return absl::InvalidArgumentError(
          absl::StrCat("label ", labels[i], " of record ", i, " is out of range: ", format.title,
                       " has 0 to ", format.classes - 1, "; get the file again"));
    }
    std::copy(pixels, record.end(), images + i * kPixels);
  }
  return set;
}

absl::StatusOr<ImageSet> ReadRecords(const fs::path& path, const Format& format) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return Annotate(ParseRecords(bytes, format), path.string());
}

absl::StatusOr<std::vector<std::string>> ReadClassNames(const fs::path& folder,
                                                        const Format& format) {
  const fs::path path = folder / format.names_file;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    return std::vector<std::string>(absl::StrSplit(format.official_names, ' '));
  }
  RETURN_IF_ERROR(text.status());
  const std::string_view lines = absl::StripPrefix(*text, kByteOrderMark);
  std::vector<std::string> names =
      absl::StrSplit(lines, absl::ByAnyChar("\r\n"), absl::SkipEmpty());
  if (names.size() != static_cast<size_t>(format.classes)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": names ", names.size(),
                                                   " classes, ", format.title, " has ",
                                                   format.classes, "; remove the file"));
  }
  return names;
}

absl::StatusOr<fs::path> FindBinaryVersion(const fs::path& data_dir, const Format& format) {
  auto folder = FindFolder(data_dir, std::string(format.folder), {std::string(format.marker)});
  if (folder.ok() || data_dir.empty()) return folder;
  for (const fs::path& python : {data_dir / format.python_folder, data_dir}) {
    if (!Exists(python / format.python_marker)) continue;
    return absl::NotFoundError(absl::StrCat(
        python.string(), ": is ", format.title,
        " for Python, in pickles, which are not read; the binary version is wanted, its folder ",
        format.folder));
  }
  return folder;
}

}  // namespace

absl::StatusOr<ImageSet> ReadCifar10Train(const fs::path& folder) {
  std::vector<at::Tensor> images, labels;
  for (int i = 1; i <= 5; ++i) {
    ASSIGN_OR_RETURN(const ImageSet batch,
                     ReadRecords(folder / absl::StrCat("data_batch_", i, ".bin"), kCifar10));
    images.push_back(batch.images);
    labels.push_back(batch.labels);
  }
  return ImageSet{at::concat(images), at::concat(labels)};
}

absl::StatusOr<ImageSet> ReadCifar10Test(const fs::path& folder) {
  return ReadRecords(folder / "test_batch.bin", kCifar10);
}

absl::StatusOr<ImageSet> ReadCifar100Train(const fs::path& folder) {
  return ReadRecords(folder / "train.bin", kCifar100);
}

absl::StatusOr<ImageSet> ReadCifar100Test(const fs::path& folder) {
  return ReadRecords(folder / "test.bin", kCifar100);
}

absl::StatusOr<std::vector<std::string>> ReadCifar10ClassNames(const fs::path& folder) {
  return ReadClassNames(folder, kCifar10);
}

absl::StatusOr<std::vector<std::string>> ReadCifar100ClassNames(const fs::path& folder) {
  return ReadClassNames(folder, kCifar100);
}

absl::StatusOr<LoadedSet> LoadCifar10(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder, FindBinaryVersion(data_dir, kCifar10));
  ASSIGN_OR_RETURN(std::vector<std::string> class_names, ReadCifar10ClassNames(folder));
  ASSIGN_OR_RETURN(ImageSet train, ReadCifar10Train(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadCifar10Test(folder));
  return InMemory("cifar10", std::move(class_names), std::move(train), std::move(test));
}

absl::StatusOr<LoadedSet> LoadCifar100(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder, FindBinaryVersion(data_dir, kCifar100));
  ASSIGN_OR_RETURN(std::vector<std::string> class_names, ReadCifar100ClassNames(folder));
  ASSIGN_OR_RETURN(ImageSet train, ReadCifar100Train(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadCifar100Test(folder));
  return InMemory("cifar100", std::move(class_names), std::move(train), std::move(test));
}

}  // namespace vitrine
