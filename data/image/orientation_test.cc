// Pictures are turned as Pillow's ImageOps.exif_transpose turns them; see testdata/turned.py.

#include "data/image/orientation.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/decode.h"
#include "data/image/testing.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(OrientationTest, FilesAreTurnedAsPillowTurnsThem) {
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors,
                       ReadSafetensors("data/image/testdata/turned.safetensors"));
  int compared = 0, upright = 0;
  for (const auto& [key, tensor] : tensors) {
    std::string_view name = key;
    if (!absl::ConsumeSuffix(&name, "/file")) continue;
    SCOPED_TRACE(name);
    const std::string file = BytesOf(tensor);
    const Image expected = FromTensor(tensors.at(absl::StrCat(name, "/pixels")));
    ASSERT_OK_AND_ASSIGN(EncodedImage encoded, EncodedImage::Open(file));
    EXPECT_EQ(encoded.width(), expected.width);
    Image image;
    ASSERT_OK(encoded.Decode(&image));
    EXPECT_EQ(LargestDifference(image, expected), 0);
    ++compared;
    upright += expected.width < expected.height;
  }
  EXPECT_EQ(compared, 106);
  EXPECT_GT(upright, 40);
}

// Run under --config=asan this shows that nothing beyond the block is read.
TEST(OrientationTest, AnyBytesAreAnOrientation) {
  // Big-endian, one entry: the tag 0x0112, LONG, one value of 6.
  const std::string block("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x06\0\0\0\0", 26);
  EXPECT_EQ(ReadOrientation(block, ""), Orientation::kRightTop);
  RandomStream random(1, "exif");
  std::set<Orientation> seen;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string bytes = block.substr(0, random.Below(block.size() + 1));
    for (int i = 0; i < 2 && !bytes.empty(); ++i) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(13));
    }
    const Orientation orientation = ReadOrientation(bytes, bytes);
    EXPECT_GE(orientation, Orientation::kTopLeft);
    EXPECT_LE(orientation, Orientation::kLeftBottom);
    seen.insert(orientation);
  }
  EXPECT_GT(seen.size(), 3);
}

}  // namespace
}  // namespace vitrine
