// A data set in its three parts.
//
//   ASSIGN_OR_RETURN(const Dataset dataset, LoadDataset(config, data_dir));
//   RETURN_IF_ERROR(CheckImages(dataset, config, shape, num_classes));
//   LOG(INFO) << dataset.Summary();

#ifndef DATA_DATASET_H_
#define DATA_DATASET_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.pb.h"
#include "data/image_shape.h"
#include "data/sets/loaded_set.h"
#include "data/source/image_source.h"
#include "data/split.h"

namespace vitrine {

// All parts are there; minival is empty where none is given nor held out.
struct Dataset : LoadedSet {
  const std::shared_ptr<const ImageSource>& part(Split split) const;

  // One line for people: the sizes of all that is there, and which folder or file it was.
  std::string Summary() const;
};

// Whether it is read from a folder, and not inside the program.
bool NeedsFolder(DataConfig::Source source);

// Reads the config's data set: small ones whole, of others what there is. `data_dir` is its own
// folder, or a parent that holds mnist/, cifar-10-batches-bin/ or imagenet-100/; those inside
// the program need none. Errors are one line that names the file or the field:
//   NotFound         a file is absent; with the command that downloads it
//   DataLoss         a file is damaged
//   InvalidArgument  files contradict each other or the config, as a part that is to be held out
//                    though one is given; with on_bad_image FAIL also a class without training
//                    images, or an image without a class
absl::StatusOr<Dataset> LoadDataset(const DataConfig& config,
                                    const std::filesystem::path& data_dir);

// The source of image files that the folder holds, which may be in another layout than those that
// `config` names; other sources stay.
DataConfig::Source SourceIn(const std::filesystem::path& data_dir, const DataConfig& config);

// An error that lists all contradictions, if a model for `num_classes` classes of images of this
// shape can't learn from what the config makes of the data set.
absl::Status CheckImages(const Dataset& dataset, const DataConfig& config, ImageShape shape,
                         int num_classes);

// The sizes of the parts and a checksum of their labels in order: what sets the order of a run
// apart from another's, in whatever layout the images are kept.
std::string DataIdentity(const Dataset& dataset);

// Numbers the classes as in `class_names`, so that labels mean what they mean to a model that was
// trained with that list. InvalidArgument if the classes are others.
absl::Status UseClasses(const std::vector<std::string>& class_names, Dataset* dataset);

}  // namespace vitrine

#endif  // DATA_DATASET_H_
