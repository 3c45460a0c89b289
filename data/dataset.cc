#include "data/dataset.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files/crc32c.h"
#include "base/problems.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/class_list.h"
#include "data/sets/catalog.h"
#include "data/sets/image_files.h"
#include "data/source/relabeled_source.h"
#include "data/source/subset_source.h"
#include "data/transform/validate.h"
#include "data/validate.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Fixed, whatever the run's seed: what one run is selected by, no other trains on.
constexpr uint64_t kMinivalSeed = 2;

// As the catalog has it; a file that is absent is an error that says how to get it.
absl::StatusOr<LoadedSet> Load(const CatalogEntry& entry, const fs::path& data_dir) {
  absl::StatusOr<LoadedSet> set = entry.load(data_dir);
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

bool NeedsFolder(DataConfig::Source source) { return FindInCatalog(source).needs_folder; }

absl::StatusOr<Dataset> LoadDataset(const DataConfig& config, const fs::path& data_dir) {
  RETURN_IF_ERROR(ProblemsError(DataConfigProblems(config)));
  ASSIGN_OR_RETURN(LoadedSet set, Load(FindInCatalog(config.source()), data_dir));
  Dataset dataset{std::move(set), /*minival=*/nullptr};
  if (config.on_bad_image() == DataConfig::FAIL) RETURN_IF_ERROR(CheckLabels(dataset));
  RETURN_IF_ERROR(HoldOutMinival(config.minival_size(), dataset));
  return dataset;
}

DataConfig::Source SourceIn(const fs::path& data_dir, const DataConfig& config) {
  const std::optional<FileLayout> found = FindLayout(data_dir);
  if (!found || !FindInCatalog(config.source()).layout) return config.source();
  return FindInCatalog(*found).source;
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
  for (auto* source : {&dataset->train, &dataset->minival, &dataset->test}) {
    *source = std::make_shared<RelabeledSource>(*source, labels);
  }
  dataset->class_names = class_names;
  return absl::OkStatus();
}

}  // namespace vitrine
