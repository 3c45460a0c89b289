#include "data/dataset.h"

#include <algorithm>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/files/crc32c.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/sets/cifar10.h"
#include "data/sets/class_list.h"
#include "data/sets/clutter.h"
#include "data/sets/digits.h"
#include "data/sets/image_files.h"
#include "data/sets/image_set.h"
#include "data/sets/imagenet100.h"
#include "data/sets/mnist.h"
#include "data/source/memory_source.h"
#include "data/source/relabeled_source.h"
#include "data/source/subset_source.h"
#include "data/transform/validate.h"
#include "data/validate.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Fixed, whatever the run's seed: what one run is tested on or selected by, no other trains on.
constexpr uint64_t kTrainSeed = 0;
constexpr uint64_t kTestSeed = 1;
constexpr uint64_t kMinivalSeed = 2;

constexpr int64_t kDigitsTestSize = 360;

// Each digit of the training part is seen in so many places.
constexpr int kTrainScenes = 20;

std::vector<std::string> DigitNames() { return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; }

std::string PrepareCommand(const std::string& name, const std::string& data_dir) {
  return absl::StrCat("to get it: tools/bazel run //data:prepare -- --dataset=", name,
                      " --data_dir=", data_dir);
}

// What can't be looked at is taken to be there: reading it will say why it can't be.
bool IsThere(const fs::path& path) {
  std::error_code error;
  return fs::status(path, error).type() != fs::file_type::not_found;
}

// The folder that holds `marker`, or `marker` with .gz: data_dir/own_folder or data_dir itself.
absl::StatusOr<fs::path> FindFolder(const fs::path& data_dir, const std::string& own_folder,
                                    const std::string& marker) {
  if (data_dir.empty()) return absl::NotFoundError("no --data_dir is given");
  for (const fs::path& folder : {data_dir / own_folder, data_dir}) {
    if (IsThere(folder / marker) || IsThere(folder / (marker + ".gz"))) return folder;
  }
  return absl::NotFoundError(absl::StrCat(data_dir.string(), ": there is no ", marker,
                                          " in it nor in its folder ", own_folder));
}

// A data set held in memory.
Dataset InMemory(const std::string& name, std::vector<std::string> class_names, ImageSet train,
                 ImageSet test) {
  Dataset dataset;
  dataset.name = name;
  dataset.class_names = std::move(class_names);
  dataset.channels = static_cast<int>(train.images.size(1));
  dataset.size = {.width = static_cast<int>(train.images.size(3)),
                  .height = static_cast<int>(train.images.size(2))};
  dataset.train = std::make_shared<MemorySource>(name + " training", std::move(train));
  dataset.test = std::make_shared<MemorySource>(name + " test", std::move(test));
  return dataset;
}

struct DigitsSplit {
  ImageSet train, test;
};

absl::StatusOr<DigitsSplit> SplitDigits() {
  ASSIGN_OR_RETURN(const ImageSet all, LoadDigits());
  const HoldOut split = HoldOutStratified(Labels(all), kDigitsTestSize, kTestSeed);
  return DigitsSplit{Select(all, split.kept), Select(all, split.held)};
}

absl::StatusOr<Dataset> LoadDigitsAlone() {
  ASSIGN_OR_RETURN(DigitsSplit digits, SplitDigits());
  return InMemory("digits", DigitNames(), std::move(digits.train), std::move(digits.test));
}

absl::StatusOr<Dataset> LoadDigitsInClutter() {
  ASSIGN_OR_RETURN(const DigitsSplit digits, SplitDigits());
  Scenes train = ScatterDigits(digits.train, kTrainScenes, kTrainSeed);
  Scenes test = ScatterDigits(digits.test, /*copies=*/1, kTestSeed);
  Dataset dataset =
      InMemory("digits in clutter", DigitNames(), std::move(train.set), std::move(test.set));
  dataset.test_boxes = std::move(test.boxes);
  return dataset;
}

absl::StatusOr<Dataset> LoadMnist(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder, FindFolder(data_dir, "mnist", "train-images-idx3-ubyte"));
  ASSIGN_OR_RETURN(ImageSet train, ReadMnistTrain(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadMnistTest(folder));
  if (train.images.sizes().slice(1) != test.images.sizes().slice(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder.string(), ": train and test images differ in size; get all again"));
  }
  return InMemory("mnist", DigitNames(), std::move(train), std::move(test));
}

absl::StatusOr<Dataset> LoadCifar10(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder,
                   FindFolder(data_dir, "cifar-10-batches-bin", "data_batch_1.bin"));
  ASSIGN_OR_RETURN(std::vector<std::string> class_names, ReadCifar10ClassNames(folder));
  ASSIGN_OR_RETURN(ImageSet train, ReadCifar10Train(folder));
  ASSIGN_OR_RETURN(ImageSet test, ReadCifar10Test(folder));
  return InMemory("cifar10", std::move(class_names), std::move(train), std::move(test));
}

Dataset FromFiles(std::string name, ImageFiles files) {
  Dataset dataset;
  dataset.name = std::move(name);
  dataset.class_names = std::move(files.class_names);
  dataset.train = std::move(files.train);
  dataset.test = std::move(files.test);
  return dataset;
}

absl::StatusOr<Dataset> LoadImageNet100(const fs::path& data_dir) {
  if (data_dir.empty()) return absl::NotFoundError("no --data_dir is given");
  ASSIGN_OR_RETURN(ImageFiles files, OpenImageNet100(FindImageNet100(data_dir)));
  return FromFiles("imagenet100", std::move(files));
}

// The user's own images, called by their folder.
absl::StatusOr<Dataset> LoadFiles(FileLayout layout, const fs::path& data_dir) {
  if (data_dir.empty()) {
    return absl::NotFoundError("data.source: needs --data_dir, the folder of the images");
  }
  ASSIGN_OR_RETURN(ImageFiles files, OpenImageFiles(layout, data_dir));
  const fs::path folder = data_dir.has_filename() ? data_dir : data_dir.parent_path();
  return FromFiles(folder.filename().string(), std::move(files));
}

// Adds to "not found" what to do about it.
absl::StatusOr<Dataset> WithRemedy(absl::StatusOr<Dataset> dataset, const std::string& name,
                                   const fs::path& data_dir) {
  if (!absl::IsNotFound(dataset.status())) return dataset;
  const std::string folder = data_dir.empty() ? "FOLDER" : data_dir.string();
  return absl::NotFoundError(absl::StrCat("data set ", name, ": ", dataset.status().message(), "; ",
                                          PrepareCommand(name, folder)));
}

// How the sources of a user's own images lie on the disk.
constexpr std::pair<DataConfig::Source, FileLayout> kLayouts[] = {
    {DataConfig::IMAGE_FOLDER, FileLayout::kFolders},
    {DataConfig::PARQUET, FileLayout::kParquet},
    {DataConfig::PACKED, FileLayout::kPacked}};

std::optional<FileLayout> LayoutOf(DataConfig::Source source) {
  for (const auto& [its_source, layout] : kLayouts) {
    if (its_source == source) return layout;
  }
  return std::nullopt;
}

absl::StatusOr<Dataset> LoadSource(DataConfig::Source source, const fs::path& data_dir) {
  switch (source) {
    case DataConfig::DIGITS:
      return LoadDigitsAlone();
    case DataConfig::DIGITS_IN_CLUTTER:
      return LoadDigitsInClutter();
    case DataConfig::MNIST:
      return WithRemedy(LoadMnist(data_dir), "mnist", data_dir);
    case DataConfig::CIFAR10:
      return WithRemedy(LoadCifar10(data_dir), "cifar10", data_dir);
    case DataConfig::IMAGENET100:
      return WithRemedy(LoadImageNet100(data_dir), "imagenet100", data_dir);
    case DataConfig::IMAGE_FOLDER:
    case DataConfig::PARQUET:
    case DataConfig::PACKED:
      return LoadFiles(*LayoutOf(source), data_dir);
  }
  return absl::InternalError("data.source: not one of its values");
}

std::vector<int64_t> LabelsOf(const ImageSource& source) {
  std::vector<int64_t> labels(source.size());
  for (int64_t i = 0; i < source.size(); ++i) labels[i] = source.Label(i);
  return labels;
}

absl::Status HoldOutMinival(int64_t count, Dataset& dataset) {
  if (count >= dataset.train->size()) {
    return absl::InvalidArgumentError(absl::StrCat("data.minival_size: must be less than the ",
                                                   dataset.train->size(), " training images of ",
                                                   dataset.name, ", is ", count));
  }
  HoldOut split = HoldOutStratified(LabelsOf(*dataset.train), count, kMinivalSeed);
  dataset.minival = std::make_shared<SubsetSource>(dataset.train, std::move(split.held));
  if (count > 0) {
    dataset.train = std::make_shared<SubsetSource>(dataset.train, std::move(split.kept));
  }
  return absl::OkStatus();
}

// Finds at the start what would else end a run in its middle.
absl::Status CheckLabels(const Dataset& dataset) {
  std::vector<bool> has_images(dataset.class_names.size());
  for (const auto& source : {dataset.train, dataset.test}) {
    for (int64_t i = 0; i < source->size(); ++i) {
      const int64_t label = source->Label(i);
      if (label < 0) return source->Read(i).status();
      if (source == dataset.train) has_images[label] = true;
    }
  }
  const auto empty = std::find(has_images.begin(), has_images.end(), false);
  if (empty == has_images.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("data set ", dataset.name, ": there are no training images of class ",
                   dataset.class_names[empty - has_images.begin()],
                   "; add some, remove the class, or set data.on_bad_image=SKIP"));
}

}  // namespace

const std::shared_ptr<const ImageSource>& Dataset::part(Split split) const {
  switch (split) {
    case Split::kTrain:
      return train;
    case Split::kMinival:
      return minival;
    case Split::kTest:
      return test;
  }
  LOG(FATAL) << "not a split: " << static_cast<int>(split);
}

std::string Dataset::Summary() const {
  const std::string images =
      size ? absl::StrCat("images of ", channels, " x ", size->height, " x ", size->width)
           : "image files";
  return absl::StrCat(name, ": ", train->size(), " train, ", minival->size(), " minival, ",
                      test->size(), " test ", images, ", ", class_names.size(), " classes (list ",
                      ClassListId(class_names), ")");
}

bool NeedsFolder(DataConfig::Source source) {
  return source != DataConfig::DIGITS && source != DataConfig::DIGITS_IN_CLUTTER;
}

absl::StatusOr<Dataset> LoadDataset(const DataConfig& config, const fs::path& data_dir) {
  if (const auto problems = DataConfigProblems(config); !problems.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(problems, "; "));
  }
  ASSIGN_OR_RETURN(Dataset dataset, LoadSource(config.source(), data_dir));
  if (config.on_bad_image() == DataConfig::FAIL) RETURN_IF_ERROR(CheckLabels(dataset));
  RETURN_IF_ERROR(HoldOutMinival(config.minival_size(), dataset));
  return dataset;
}

DataConfig::Source SourceIn(const fs::path& data_dir, const DataConfig& config) {
  const std::optional<FileLayout> found = FindLayout(data_dir);
  if (!found || !LayoutOf(config.source())) return config.source();
  for (const auto& [source, layout] : kLayouts) {
    if (layout == *found) return source;
  }
  return config.source();
}

absl::Status CheckImages(const Dataset& dataset, const DataConfig& config, ImageShape shape,
                         int num_classes) {
  std::vector<std::string> problems;
  const bool train_is_sized = SetTheSize(config.train_transforms());
  const bool evaluation_is_sized = SetTheSize(config.evaluation_transforms());
  if (dataset.size && !(train_is_sized && evaluation_is_sized) &&
      *dataset.size != Size{shape.size, shape.size}) {
    problems.push_back(absl::StrCat("images are ", dataset.size->height, " x ", dataset.size->width,
                                    ", but the model's image size is ", shape.size));
  }
  if (train_is_sized != evaluation_is_sized) {
    problems.push_back(
        "data.train_transforms and data.evaluation_transforms must both begin with a transform "
        "that sets the size, or neither");
  }
  if (const auto status = Normalization::Create(config, shape.channels).status(); !status.ok()) {
    problems.emplace_back(status.message());
  }
  if (dataset.channels != shape.channels) {
    problems.push_back(absl::StrCat("images have ", dataset.channels,
                                    " channel(s), but the model takes ", shape.channels));
  }
  if (const auto classes = static_cast<int64_t>(dataset.class_names.size());
      classes != num_classes) {
    problems.push_back(
        absl::StrCat("there are ", classes, " classes, but the model tells ", num_classes));
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data set ", dataset.name, ": ",
                                                 absl::StrJoin(problems, "; "),
                                                 "; set the model's fields to the data's"));
}

std::string DataIdentity(const Dataset& dataset) {
  uint32_t crc = 0;
  for (const auto& source : {dataset.train, dataset.minival, dataset.test}) {
    for (const int64_t label : LabelsOf(*source)) {
      crc = Crc32c({reinterpret_cast<const char*>(&label), sizeof(label)}, crc);
    }
  }
  return absl::StrFormat("%d train, %d minival, %d test images, labels %08x", dataset.train->size(),
                         dataset.minival->size(), dataset.test->size(), crc);
}

absl::Status UseClasses(const std::vector<std::string>& class_names, Dataset* dataset) {
  if (dataset->class_names == class_names) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const std::vector<int64_t> labels,
      Annotate(MatchClasses(dataset->class_names, class_names), "data set " + dataset->name));
  for (auto* source : {&dataset->train, &dataset->minival, &dataset->test}) {
    *source = std::make_shared<RelabeledSource>(*source, labels);
  }
  dataset->class_names = class_names;
  return absl::OkStatus();
}

}  // namespace vitrine
