#include "base/parallel/own_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

// Connecting a socket of datagrams sends none: it settles where they would come from.
std::string AddressTowards(const addrinfo& to) {
  const int fd = socket(to.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";
  sockaddr_storage own = {};
  socklen_t length = sizeof(own);
  auto* const address = reinterpret_cast<sockaddr*>(&own);
  char digits[NI_MAXHOST] = "";
  const bool is_found =
      connect(fd, to.ai_addr, to.ai_addrlen) == 0 && getsockname(fd, address, &length) == 0 &&
      getnameinfo(address, length, digits, sizeof(digits), nullptr, 0, NI_NUMERICHOST) == 0;
  close(fd);
  return is_found ? digits : "";
}

}  // namespace

std::string AddressTowards(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) return "";
  const std::string address = AddressTowards(*found);
  freeaddrinfo(found);
  return address;
}

std::string HostName() {
  char name[NI_MAXHOST] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

}  // namespace vitrine
