// Image files in a folder for each class, as ImageNet is laid out.
//
//   ASSIGN_OR_RETURN(const ImageFolder train, OpenImageFolder("imagenette/train"));
//   const std::string& first = train.class_names[train.images->Label(0)];  // "n01440764"

#ifndef DATA_SOURCE_IMAGE_FOLDER_H_
#define DATA_SOURCE_IMAGE_FOLDER_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source/image_source.h"

namespace vitrine {

struct ImageFolder {
  std::vector<std::string>
      class_names;  // the names of the folders in byte order; may have no files
  std::shared_ptr<const ImageSource> images;  // by class, then by name in byte order
};

// Every file of every folder in `folder`, whatever it is called, but for names that begin with a
// dot: a file that is no image should be heard of, not passed over. Files that lie beside the class
// folders, and folders inside them, are refused. Links are followed. NotFound if the folder is not
// there, InvalidArgument if it holds no file of any class.
absl::StatusOr<ImageFolder> OpenImageFolder(const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_SOURCE_IMAGE_FOLDER_H_
