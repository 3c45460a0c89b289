#include "data/dataset.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/crc32c.h"
#include "base/problems.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/batches/planar.h"
#include "data/class_list.h"
#include "data/sets/catalog.h"
#include "data/sets/given_parts.h"
#include "data/source/relabeled_source.h"
#include "data/source/subset_source.h"
#include "data/transform/validate.h"
#include "data/validate.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Fixed, whatever the run's seed: what one run is selected by or tested on, no other trains on.
constexpr uint64_t kMinivalSeed = 2;
constexpr uint64_t kTestSeed = 3;

// As the catalog has it; a file that is absent is an error that says how to get it.
absl::StatusOr<LoadedSet> Load(const DataConfig& config, const fs::path& data_dir) {
  const CatalogEntry& entry = FindInCatalog(config.source());
  absl::StatusOr<LoadedSet> set = entry.load(config, data_dir);
  if (!absl::IsNotFound(set.status()) || entry.prepared_as.empty()) return set;
  return absl::NotFoundError(
      absl::StrCat("data set ", entry.prepared_as, ": ", set.status().message(),
                   "; to get it: tools/bazel run //data:prepare -- --dataset=", entry.prepared_as,
                   " --data_dir=", data_dir.empty() ? "FOLDER" : data_dir.string()));
}

std::vector<int64_t> LabelsOf(const ImageSource& source) {
  std::vector<int64_t> labels(source.size());
  for (int64_t i = 0; i < source.size(); ++i) labels[i] = source.Label(i);
  return labels;
}

// Takes so many images out of train.
absl::StatusOr<std::shared_ptr<const ImageSource>> HoldOutOfTrain(std::string_view field,
                                                                  int64_t count, uint64_t seed,
                                                                  Dataset& dataset) {
  if (count >= dataset.train->size()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": must be less than the ",
                                                   dataset.train->size(), " training images of ",
                                                   dataset.name, ", is ", count));
  }
  HoldOut split = HoldOutStratified(LabelsOf(*dataset.train), count, seed);
  auto held = std::make_shared<SubsetSource>(dataset.train, std::move(split.held));
  if (count > 0) {
    dataset.train = std::make_shared<SubsetSource>(dataset.train, std::move(split.kept));
  }
  return held;
}

absl::Status NothingToTestOn(const Dataset& dataset) {
  return absl::InvalidArgumentError(absl::StrCat(
      "data.test_size: data set ", dataset.name, " has no test part (",
      DescribeOrigins(dataset.origins),
      "); set it to the number of images to hold out of train for one, or add the part"));
}

absl::Status SettleTest(int64_t count, Dataset& dataset) {
  if (dataset.test != nullptr && count > 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data.test_size: data set ", dataset.name, " has a test part",
        dataset.origins.test.empty() ? "" : ", ", dataset.origins.test, "; leave it 0"));
  }
  if (dataset.test != nullptr) return absl::OkStatus();
  if (count == 0) return NothingToTestOn(dataset);
  ASSIGN_OR_RETURN(dataset.test, HoldOutOfTrain("data.test_size", count, kTestSeed, dataset));
  dataset.origins.test = dataset.origins.train;
  return absl::OkStatus();
}

absl::Status SettleMinival(int64_t count, Dataset& dataset) {
  if (dataset.minival != nullptr && count > 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data.minival_size: minival is ", dataset.origins.minival, ", which data set ",
        dataset.name, " gives beside train and test; leave it 0, or take that part away"));
  }
  if (dataset.minival != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(dataset.minival,
                   HoldOutOfTrain("data.minival_size", count, kMinivalSeed, dataset));
  if (count > 0) dataset.origins.minival = dataset.origins.train;
  return absl::OkStatus();
}

// Finds at the start what would else end a run in its middle.
absl::Status CheckLabels(const Dataset& dataset) {
  std::vector<bool> has_images(dataset.class_names.size());
  for (const auto& source : {dataset.train, dataset.minival, dataset.test}) {
    for (int64_t i = 0; source != nullptr && i < source->size(); ++i) {
      const int64_t label = source->Label(i);
      if (label < 0) {
        const absl::Status status = source->Read(i).status();
        return absl::Status(
            status.code(),
            absl::StrCat(status.message(), "; give it a class, or set data.on_bad_image=SKIP"));
      }
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
  const std::string origins_text = DescribeOrigins(origins);
  return absl::StrCat(name, ": ", train->size(), " train, ", minival->size(), " minival, ",
                      test->size(), " test ", images, ", ", class_names.size(), " classes (list ",
                      ClassListId(class_names), ")", origins_text.empty() ? "" : "; ",
                      origins_text);
}

bool NeedsFolder(DataConfig::Source source) { return FindInCatalog(source).needs_folder; }

absl::StatusOr<Dataset> LoadDataset(const DataConfig& config, const fs::path& data_dir) {
  RETURN_IF_ERROR(ProblemsError(DataConfigProblems(config)));
  ASSIGN_OR_RETURN(LoadedSet set, Load(config, data_dir));
  Dataset dataset{std::move(set)};
  if (config.on_bad_image() == DataConfig::FAIL) RETURN_IF_ERROR(CheckLabels(dataset));
  RETURN_IF_ERROR(SettleTest(config.test_size(), dataset));
  RETURN_IF_ERROR(SettleMinival(config.minival_size(), dataset));
  return dataset;
}

DataConfig::Source SourceIn(const fs::path& data_dir, const DataConfig& config) {
  if (!FindInCatalog(config.source()).layout) return config.source();
  const std::optional<FileLayout> found = FindLayout(data_dir);
  return found ? FindInCatalog(*found).source : config.source();
}

absl::Status CheckImages(const Dataset& dataset, const DataConfig& config, ImageShape shape,
                         int num_classes) {
  std::vector<std::string> problems;
  const bool train_is_sized = SetTheSize(config.train_transforms());
  const bool evaluation_is_sized = SetTheSize(config.evaluation_transforms());
  if (dataset.size && !(train_is_sized && evaluation_is_sized) && *dataset.size != shape.size) {
    problems.push_back(absl::StrCat("images are ", dataset.size->height, " x ", dataset.size->width,
                                    ", but the model's are ", shape.size.height, " x ",
                                    shape.size.width));
  }
  if (train_is_sized != evaluation_is_sized) {
    problems.push_back(
        "data.train_transforms and data.evaluation_transforms must both begin with a transform "
        "that sets the size, or neither");
  }
  if (const auto status = Normalization::Create(config, shape.channels).status(); !status.ok()) {
    problems.emplace_back(status.message());
  }
  if (const auto status = CheckChannelsOfFiles(shape.channels); !dataset.size && !status.ok()) {
    problems.emplace_back(status.message());
  }
  if (dataset.size && dataset.channels != shape.channels) {
    problems.push_back(absl::StrCat("images have ", dataset.channels,
                                    " channel(s), but the model takes ", shape.channels));
  }
  if (const auto classes = static_cast<int64_t>(dataset.class_names.size());
      classes != num_classes) {
    problems.push_back(
        absl::StrCat("there are ", classes, " classes, but the model tells ", num_classes));
  }
  if (!problems.empty()) problems.emplace_back("set the model's fields to the data's");
  return ProblemsError(problems, "data set " + dataset.name);
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
  Renumber(labels, class_names, dataset);
  return absl::OkStatus();
}

}  // namespace vitrine
