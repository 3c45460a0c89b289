// A data set in memory, in its three parts.
//
//   ASSIGN_OR_RETURN(const Dataset dataset, LoadDataset(config, data_dir));
//   RETURN_IF_ERROR(CheckImages(dataset, image_size, channels, num_classes));
//   LOG(INFO) << dataset.Summary();

#ifndef DATA_DATASET_H_
#define DATA_DATASET_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/image_set.h"
#include "data/split.h"

namespace vitrine {

// Images of all parts have the same shape [C, H, W]; labels are indices of class_names. Train and
// test are never empty, minival is where the config asks for none.
struct Dataset {
  std::string name;  // as //data:prepare knows it
  std::vector<std::string> class_names;
  ImageSet train, minival, test;

  const ImageSet& part(Split split) const;
  int64_t channels() const { return train.images.size(1); }
  int64_t height() const { return train.images.size(2); }
  int64_t width() const { return train.images.size(3); }

  // One line for people: the sizes of all that is there.
  std::string Summary() const;
};

// Reads the config's data set. `data_dir` is its own folder, or a parent that holds mnist/ or
// cifar-10-batches-bin/; the digits need none. Errors are one line that names the file or the
// field:
//   NotFound         a file is absent; with the command that downloads it
//   DataLoss         a file is damaged
//   InvalidArgument  files contradict each other or the config
//   Unimplemented    a data set that can't be loaded yet
absl::StatusOr<Dataset> LoadDataset(const DataConfig& config,
                                    const std::filesystem::path& data_dir);

// An error that lists all contradictions, if a model for `num_classes` classes of square images of
// `image_size` pixels a side in `channels` channels can't learn from the data set.
absl::Status CheckImages(const Dataset& dataset, int image_size, int channels, int num_classes);

}  // namespace vitrine

#endif  // DATA_DATASET_H_
