// A data set as its loader returns it, before a run holds a part of train out.

#ifndef DATA_SETS_LOADED_SET_H_
#define DATA_SETS_LOADED_SET_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/image/image.h"
#include "data/sets/image_set.h"
#include "data/source/image_source.h"

namespace vitrine {

// Which folder or file became which part, as people write it within the data set's folder: "val/".
// Empty where the data set is always in the same files.
struct PartOrigins {
  std::string train, minival, test;
  std::vector<std::string> unused;   // what was left out, and why: "test/ (it has no labels)"
  std::vector<std::string> remarks;  // on how they were read
};

// Labels are indices of class_names. No part is empty.
struct LoadedSet {
  std::string name;  // as //data:prepare knows it
  std::vector<std::string> class_names;
  // Of all images, where they are held in memory. Files can be read with 1 channel or 3.
  int channels = 3;
  std::optional<Size> size;  // of all images, where they are held in memory
  std::shared_ptr<const ImageSource> train;
  std::shared_ptr<const ImageSource> minival, test;  // null where none is given
  std::vector<Box> test_boxes;  // where the object is in each test image; empty if not known
  PartOrigins origins;
  std::string columns;                        // of Parquet, those of the images and the labels
  std::vector<std::filesystem::path> places;  // of image files: the folders and files they are in
};

// LoadedSet::columns of most Parquet files.
inline constexpr std::string_view kUsualColumns = "image, label";

// Of images in memory.
LoadedSet InMemory(const std::string& name, std::vector<std::string> class_names, ImageSet train,
                   ImageSet test);

// "train: train/, test: val/, not used: test/ (it has no labels)"; empty where origins are. A part
// that is held out of train has its origin.
std::string DescribeOrigins(const PartOrigins& origins);

// Gives the classes these names; what was class i becomes labels[i] of them.
void Renumber(const std::vector<int64_t>& labels, std::vector<std::string> class_names,
              LoadedSet* set);

}  // namespace vitrine

#endif  // DATA_SETS_LOADED_SET_H_
