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
#include "data/source/picture_files.h"

namespace vitrine {

struct ImageFolder {
  std::vector<std::string>
      class_names;  // the names of the folders in byte order; may have no files
  std::shared_ptr<const ImageSource> images;  // by class, then by name in byte order
  PassedOver passed_over;
};

// Every picture in every folder of `folder` and in those below, by its name or its first bytes
// (picture_files.h): one that is damaged should be heard of. Pictures that lie beside the class
// folders are refused; other files are passed over. What is hidden is no class and no image, links
// are followed. NotFound if the folder is not there, InvalidArgument if it holds no picture of any
// class.
absl::StatusOr<ImageFolder> OpenImageFolder(const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_SOURCE_IMAGE_FOLDER_H_
