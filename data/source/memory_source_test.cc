#include "data/source/memory_source.h"

#include <variant>

#include "ATen/ops/arange.h"
#include "base/status_matchers.h"
#include "data/source/subset_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

// Image i of 3 x 2 x 4 begins with the pixel 24 i and has the label i + 5.
MemorySource MakeSource() {
  return MemorySource("made up", {.images = at::arange(96, at::kByte).reshape({4, 3, 2, 4}),
                                  .labels = at::arange(5, 9, at::kLong)});
}

TEST(MemorySourceTest, PixelsWhereTheyLie) {
  const MemorySource source = MakeSource();
  EXPECT_EQ(source.size(), 4);
  EXPECT_EQ(source.Label(2), 7);
  EXPECT_EQ(source.Name(2), "made up image 2");
  ASSERT_OK_AND_ASSIGN(const StoredImage image, source.Read(2));
  const PlanarPixels& pixels = std::get<PlanarPixels>(image);
  EXPECT_EQ(pixels.channels, 3);
  EXPECT_EQ(pixels.height, 2);
  EXPECT_EQ(pixels.width, 4);
  EXPECT_EQ(pixels.pixels, source.set().images.const_data_ptr<uint8_t>() + 48);
}

TEST(SubsetSourceTest, ImagesInTheOrderOfTheIndices) {
  const auto all = std::make_shared<MemorySource>(MakeSource());
  const SubsetSource subset(all, {3, 0, 3});
  EXPECT_EQ(subset.size(), 3);
  EXPECT_EQ(subset.Label(0), 8);
  EXPECT_EQ(subset.Label(1), 5);
  EXPECT_EQ(subset.Name(2), "made up image 3");
  ASSERT_OK_AND_ASSIGN(const StoredImage image, subset.Read(1));
  EXPECT_EQ(std::get<PlanarPixels>(image).pixels, all->set().images.const_data_ptr<uint8_t>());
  EXPECT_EQ(SubsetSource(all, {}).size(), 0);
}

TEST(SubsetSourceDeathTest, IndexOutsideIsABug) {
  const auto all = std::make_shared<MemorySource>(MakeSource());
  EXPECT_DEATH(SubsetSource(all, {4}), "4 of 4");
  EXPECT_DEATH(all->Label(-1), "-1 of 4");
}

}  // namespace
}  // namespace vitrine
