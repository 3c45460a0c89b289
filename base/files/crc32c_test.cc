#include "base/files/crc32c.h"

#include <string>
#include <string_view>

#include "base/random.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

std::string RandomBytes(size_t size) {
  RandomStream random(/*seed=*/0, "bytes", size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// The polynomial division itself, bit by bit.
uint32_t ByDefinition(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78 : 0);
  }
  return ~crc;
}

using Function = uint32_t (*)(std::string_view bytes, uint32_t before);

class Crc32cTest : public ::testing::TestWithParam<Function> {
 protected:
  void SetUp() override {
    if (GetParam() == Crc32cByInstruction && !HasCrc32cInstruction()) {
      GTEST_SKIP() << "this processor has no SSE4.2";
    }
  }

  static uint32_t Crc(std::string_view bytes, uint32_t before = 0) {
    return GetParam()(bytes, before);
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, Crc32cTest,
                         ::testing::Values(Crc32c, Crc32cByTable, Crc32cByInstruction));

// RFC 3720, appendix B.4.
TEST_P(Crc32cTest, PublishedVectors) {
  EXPECT_EQ(Crc(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) {
    rising.push_back(static_cast<char>(i));
    falling.push_back(static_cast<char>(31 - i));
  }
  EXPECT_EQ(Crc(rising), 0x46DD794Eu);
  EXPECT_EQ(Crc(falling), 0x113FDB5Cu);
  EXPECT_EQ(Crc("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc(""), 0u);
}

TEST_P(Crc32cTest, IsTheDivisionAtEveryLengthAndAlignment) {
  const std::string bytes = RandomBytes(200'000);
  RandomStream random(/*seed=*/0, "cuts");
  for (int i = 0; i < 300; ++i) {
    // Short ones, ones about the length at which three streams begin, and long ones.
    const size_t size = random.Below(i % 3 == 0 ? 100 : i % 3 == 1 ? 50'000 : 190'000);
    const std::string_view part = std::string_view(bytes).substr(random.Below(64), size);
    ASSERT_EQ(Crc(part), ByDefinition(part)) << "size " << size;
  }
}

TEST_P(Crc32cTest, PartsGiveTheChecksumOfTheWhole) {
  const std::string bytes = RandomBytes(60'000);
  RandomStream random(/*seed=*/0, "cuts");
  for (int i = 0; i < 300; ++i) {
    const size_t cut = random.Below(bytes.size() + 1);
    ASSERT_EQ(Crc(bytes.substr(cut), Crc(bytes.substr(0, cut))), Crc(bytes)) << "cut " << cut;
  }
}

TEST_P(Crc32cTest, EverySingleFlippedBitIsSeen) {
  std::string bytes(64, 'x');
  const uint32_t whole = Crc(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_NE(Crc(bytes), whole) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
}

}  // namespace
}  // namespace vitrine
