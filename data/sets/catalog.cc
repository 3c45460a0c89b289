#include "data/sets/catalog.h"

#include <algorithm>

#include "data/sets/cifar.h"
#include "data/sets/clutter.h"
#include "data/sets/digits.h"
#include "data/sets/emnist.h"
#include "data/sets/image_files.h"
#include "data/sets/imagenet100.h"
#include "data/sets/mnist.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

// For those that are always read in one way.
template <absl::StatusOr<LoadedSet> (*load)(const std::filesystem::path&)>
absl::StatusOr<LoadedSet> Plainly(const DataConfig& /*config*/,
                                  const std::filesystem::path& data_dir) {
  return load(data_dir);
}

constexpr CatalogEntry kCatalog[] = {
    {DataConfig::DIGITS, Plainly<LoadDigits>, /*needs_folder=*/false},
    {DataConfig::DIGITS_IN_CLUTTER, Plainly<LoadDigitsInClutter>, /*needs_folder=*/false},
    {DataConfig::MNIST, Plainly<LoadMnist>, true, "mnist"},
    {DataConfig::EMNIST, LoadEmnist},
    {DataConfig::CIFAR10, Plainly<LoadCifar10>, true, "cifar10"},
    {DataConfig::CIFAR100, Plainly<LoadCifar100>, true, "cifar100"},
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
