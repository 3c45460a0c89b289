#include "base/parallel/own_address.h"

#include "gtest/gtest.h"

namespace vitrine {
namespace {

TEST(OwnAddressTest, IsTheLoopbacksTowardsTheLoopback) {
  EXPECT_EQ(AddressTowards("127.0.0.1", 29500), "127.0.0.1");
}

TEST(OwnAddressTest, IsEmptyTowardsNobody) {
  EXPECT_EQ(AddressTowards("no-such-machine.invalid", 29500), "");  // RFC 2606: never resolves
}

TEST(OwnAddressTest, TheHostHasAName) { EXPECT_NE(HostName(), ""); }

}  // namespace
}  // namespace vitrine
