#include "data/dataset.h"

#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "data/cifar10.h"
#include "data/digits.h"
#include "data/mnist.h"
#include "data/validate.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

// Fixed, whatever the run's seed: what one run is tested on or selected by, no other trains on.
constexpr uint64_t kTestSeed = 1;
constexpr uint64_t kMinivalSeed = 2;

constexpr int64_t kDigitsTestSize = 360;

std::vector<std::string> DigitNames() { return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; }

std::string PrepareCommand(const std::string& name, const std::string& data_dir) {
  return absl::StrCat("to download it: tools/bazel run //data:prepare -- --dataset=", name,
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

absl::StatusOr<Dataset> LoadDigitsSplit() {
  ASSIGN_OR_RETURN(const ImageSet all, LoadDigits());
  const HoldOut split = HoldOutStratified(Labels(all), kDigitsTestSize, kTestSeed);
  Dataset dataset;
  dataset.name = "digits";
  dataset.class_names = DigitNames();
  dataset.train = Select(all, split.kept);
  dataset.test = Select(all, split.held);
  return dataset;
}

absl::StatusOr<Dataset> LoadMnist(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder, FindFolder(data_dir, "mnist", "train-images-idx3-ubyte"));
  Dataset dataset;
  dataset.name = "mnist";
  dataset.class_names = DigitNames();
  ASSIGN_OR_RETURN(dataset.train, ReadMnistTrain(folder));
  ASSIGN_OR_RETURN(dataset.test, ReadMnistTest(folder));
  if (dataset.train.images.sizes().slice(1) != dataset.test.images.sizes().slice(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder.string(), ": train and test images differ in size; get all again"));
  }
  return dataset;
}

absl::StatusOr<Dataset> LoadCifar10(const fs::path& data_dir) {
  ASSIGN_OR_RETURN(const fs::path folder,
                   FindFolder(data_dir, "cifar-10-batches-bin", "data_batch_1.bin"));
  Dataset dataset;
  dataset.name = "cifar10";
  ASSIGN_OR_RETURN(dataset.class_names, ReadCifar10ClassNames(folder));
  ASSIGN_OR_RETURN(dataset.train, ReadCifar10Train(folder));
  ASSIGN_OR_RETURN(dataset.test, ReadCifar10Test(folder));
  return dataset;
}

// Adds to "not found" what to do about it.
absl::StatusOr<Dataset> WithRemedy(absl::StatusOr<Dataset> dataset, const std::string& name,
                                   const fs::path& data_dir) {
  if (!absl::IsNotFound(dataset.status())) return dataset;
  const std::string folder = data_dir.empty() ? "FOLDER" : data_dir.string();
  return absl::NotFoundError(absl::StrCat("data set ", name, ": ", dataset.status().message(), "; ",
                                          PrepareCommand(name, folder)));
}

absl::StatusOr<Dataset> LoadSource(DataConfig::Source source, const fs::path& data_dir) {
  switch (source) {
    case DataConfig::DIGITS:
      return LoadDigitsSplit();
    case DataConfig::MNIST:
      return WithRemedy(LoadMnist(data_dir), "mnist", data_dir);
    case DataConfig::CIFAR10:
      return WithRemedy(LoadCifar10(data_dir), "cifar10", data_dir);
    case DataConfig::IMAGENET100:
      break;
  }
  return absl::UnimplementedError(absl::StrCat("data.source: ", DataConfig::Source_Name(source),
                                               " can't be loaded yet; choose DIGITS, MNIST or "
                                               "CIFAR10"));
}

absl::Status HoldOutMinival(int64_t count, Dataset& dataset) {
  if (count >= dataset.train.size()) {
    return absl::InvalidArgumentError(absl::StrCat("data.minival_size: must be less than the ",
                                                   dataset.train.size(), " training images of ",
                                                   dataset.name, ", is ", count));
  }
  const HoldOut split = HoldOutStratified(Labels(dataset.train), count, kMinivalSeed);
  dataset.minival = Select(dataset.train, split.held);
  if (count > 0) dataset.train = Select(dataset.train, split.kept);
  return absl::OkStatus();
}

}  // namespace

const ImageSet& Dataset::part(Split split) const {
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
  return absl::StrCat(name, ": ", train.size(), " train, ", minival.size(), " minival, ",
                      test.size(), " test images of ", channels(), " x ", height(), " x ", width(),
                      ", ", class_names.size(), " classes");
}

absl::StatusOr<Dataset> LoadDataset(const DataConfig& config, const fs::path& data_dir) {
  if (const auto problems = DataConfigProblems(config); !problems.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(problems, "; "));
  }
  ASSIGN_OR_RETURN(Dataset dataset, LoadSource(config.source(), data_dir));
  RETURN_IF_ERROR(HoldOutMinival(config.minival_size(), dataset));
  return dataset;
}

absl::Status CheckImages(const Dataset& dataset, int image_size, int channels, int num_classes) {
  std::vector<std::string> problems;
  if (dataset.height() != image_size || dataset.width() != image_size) {
    problems.push_back(absl::StrCat("images are ", dataset.height(), " x ", dataset.width(),
                                    ", but the model's image size is ", image_size));
  }
  if (dataset.channels() != channels) {
    problems.push_back(absl::StrCat("images have ", dataset.channels(),
                                    " channel(s), but the model takes ", channels));
  }
  if (const int64_t classes = dataset.class_names.size(); classes != num_classes) {
    problems.push_back(
        absl::StrCat("there are ", classes, " classes, but the model tells ", num_classes));
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data set ", dataset.name, ": ",
                                                 absl::StrJoin(problems, "; "),
                                                 "; set the model's fields to the data's"));
}

}  // namespace vitrine
