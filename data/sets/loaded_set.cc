#include "data/sets/loaded_set.h"

#include <utility>

#include "data/source/memory_source.h"

namespace vitrine {

LoadedSet InMemory(const std::string& name, std::vector<std::string> class_names, ImageSet train,
                   ImageSet test) {
  LoadedSet set;
  set.name = name;
  set.class_names = std::move(class_names);
  set.channels = static_cast<int>(train.images.size(1));
  set.size = {.width = static_cast<int>(train.images.size(3)),
              .height = static_cast<int>(train.images.size(2))};
  set.train = std::make_shared<MemorySource>(name + " training", std::move(train));
  set.test = std::make_shared<MemorySource>(name + " test", std::move(test));
  return set;
}

}  // namespace vitrine
