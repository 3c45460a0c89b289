// A data set as its loader returns it, before a run holds a part of train out.

#ifndef DATA_SETS_LOADED_SET_H_
#define DATA_SETS_LOADED_SET_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/image/image.h"
#include "data/sets/image_set.h"
#include "data/source/image_source.h"

namespace vitrine {

// Labels are indices of class_names. Neither part is empty.
struct LoadedSet {
  std::string name;  // as //data:prepare knows it
  std::vector<std::string> class_names;
  int channels = 3;
  std::optional<Size> size;  // of all images, where they are held in memory
  std::shared_ptr<const ImageSource> train, test;
  std::vector<Box> test_boxes;  // where the object is in each test image; empty if not known
};

// Of images in memory.
LoadedSet InMemory(const std::string& name, std::vector<std::string> class_names, ImageSet train,
                   ImageSet test);

}  // namespace vitrine

#endif  // DATA_SETS_LOADED_SET_H_
