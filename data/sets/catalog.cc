#include "data/sets/catalog.h"

#include <algorithm>

#include "data/sets/cifar10.h"
#include "data/sets/clutter.h"
#include "data/sets/digits.h"
#include "data/sets/imagenet100.h"
#include "data/sets/mnist.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

constexpr CatalogEntry kCatalog[] = {
    {DataConfig::DIGITS, LoadDigits, /*needs_folder=*/false},
    {DataConfig::DIGITS_IN_CLUTTER, LoadDigitsInClutter, /*needs_folder=*/false},
    {DataConfig::MNIST, LoadMnist, true, "mnist"},
    {DataConfig::CIFAR10, LoadCifar10, true, "cifar10"},
    {DataConfig::IMAGENET100, LoadImageNet100, true, "imagenet100"},
    {DataConfig::IMAGE_FOLDER, LoadImageFolders, true, "", FileLayout::kFolders},
    {DataConfig::PARQUET, LoadParquet, true, "", FileLayout::kParquet},
    {DataConfig::PACKED, LoadPacked, true, "", FileLayout::kPacked},
};

template <typename Condition>
const CatalogEntry& Find(Condition condition) {
  const auto* entry = std::find_if(std::begin(kCatalog), std::end(kCatalog), condition);
  CHECK(entry != std::end(kCatalog)) << "a value without a line in the catalog";
  return *entry;
}

}  // namespace

const CatalogEntry& FindInCatalog(DataConfig::Source source) {
  return Find([source](const CatalogEntry& entry) { return entry.source == source; });
}

const CatalogEntry& FindInCatalog(FileLayout layout) {
  return Find([layout](const CatalogEntry& entry) { return entry.layout == layout; });
}

}  // namespace vitrine
