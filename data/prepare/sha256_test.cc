#include "data/prepare/sha256.h"

#include <filesystem>
#include <string>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string Digest(std::string_view bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return sha.HexDigest();
}

// The examples of FIPS 180-4 (NIST, "Cryptographic Standards: Examples with Intermediate Values"),
// the empty message and the long one of NIST's CAVP.
TEST(Sha256Test, PublishedVectors) {
  EXPECT_EQ(Digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Digest("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(Digest(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// From coreutils: for n in 55 56 63 64 65; do head -c $n /dev/zero | sha256sum; done
TEST(Sha256Test, LengthsAroundABlock) {
  const std::string zeros(65, '\0');
  EXPECT_EQ(Digest(zeros.substr(0, 55)),
            "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
  EXPECT_EQ(Digest(zeros.substr(0, 56)),
            "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
  EXPECT_EQ(Digest(zeros.substr(0, 63)),
            "c7723fa1e0127975e49e62e753db53924c1bd84b8ac1ac08df78d09270f3d971");
  EXPECT_EQ(Digest(zeros.substr(0, 64)),
            "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
  EXPECT_EQ(Digest(zeros), "98ce42deef51d40269d542f5314bef2c7468d401ad5d85168bfab4c0108f75f7");
}

TEST(Sha256Test, PartsGiveTheDigestOfTheWhole) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes.push_back(static_cast<char>(i * 7));
  for (size_t first = 0; first <= bytes.size(); ++first) {
    Sha256 sha;
    sha.Update(bytes.substr(0, first));
    sha.Update(bytes.substr(first, 1));
    sha.Update(bytes.substr(std::min(first + 1, bytes.size())));
    EXPECT_EQ(sha.HexDigest(), Digest(bytes)) << first;
  }
}

TEST(Sha256Test, FileLargerThanTheBuffer) {
  const fs::path path = fs::path(::testing::TempDir()) / "large";
  const std::string bytes((1 << 20) + 12'345, 'x');
  ASSERT_OK(WriteAndSync(path, bytes));
  ASSERT_OK_AND_ASSIGN(const std::string digest, Sha256OfFile(path));
  EXPECT_EQ(digest, Digest(bytes));
}

TEST(Sha256Test, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(Sha256OfFile("/absent"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("/absent: cannot read")));
  EXPECT_FALSE(Sha256OfFile(::testing::TempDir()).ok());
}

}  // namespace
}  // namespace vitrine
