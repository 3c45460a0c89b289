#include "base/parallel/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"

namespace vitrine {

int AboveStandardFiles(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(fd);
  return above;
}

absl::StatusOr<Listener> ListenOnLoopback() {
  const int fd = AboveStandardFiles(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return absl::ErrnoToStatus(errno, "cannot make a socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const bytes = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, bytes, length) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, bytes, &length) != 0) {
    const int error = errno;
    close(fd);
    return absl::ErrnoToStatus(error, "cannot listen on 127.0.0.1; is its interface down?");
  }
  return Listener{.fd = fd, .port = ntohs(address.sin_port)};
}

}  // namespace vitrine
