#include "data/sets/catalog.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(CatalogTest, EverySourceHasALine) {
  for (int i = 0; i < DataConfig::Source_descriptor()->value_count(); ++i) {
    const auto source =
        static_cast<DataConfig::Source>(DataConfig::Source_descriptor()->value(i)->number());
    EXPECT_EQ(FindInCatalog(source).source, source);
  }
}

TEST(CatalogTest, EveryLayoutHasALine) {
  for (const FileLayout layout :
       {FileLayout::kFolders, FileLayout::kParquet, FileLayout::kPacked}) {
    EXPECT_EQ(FindInCatalog(layout).layout, layout);
    EXPECT_TRUE(FindInCatalog(layout).needs_folder);
  }
}

// What a model was trained on can be loaded wherever the program is.
TEST(CatalogTest, ThoseInsideTheProgramNeedNoFolder) {
  for (const auto source : {DataConfig::DIGITS, DataConfig::DIGITS_IN_CLUTTER}) {
    const CatalogEntry& entry = FindInCatalog(source);
    EXPECT_FALSE(entry.needs_folder);
    const auto set = entry.load(DataConfig(), "");
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->class_names.size(), 10);
    EXPECT_EQ(set->test->size(), 360);
  }
}

}  // namespace
}  // namespace vitrine
