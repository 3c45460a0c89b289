// A socket of this machine alone, at a port that was free: no other program can take it meanwhile.

#ifndef BASE_PARALLEL_LISTENER_H_
#define BASE_PARALLEL_LISTENER_H_

#include "absl/status/statusor.h"

namespace vitrine {

struct Listener {
  int fd;  // closed by exec; whose it becomes closes it
  int port;
};

// Listens on 127.0.0.1.
absl::StatusOr<Listener> ListenOnLoopback();

// The same file under a number that is none of standard input, output and error, which a process
// may have been started without; closed by exec. -1 if there is no number left, or `fd` is -1.
int AboveStandardFiles(int fd);

}  // namespace vitrine

#endif  // BASE_PARALLEL_LISTENER_H_
