#include "base/parallel/loopback_ranks.h"

#include <thread>

#include "base/parallel/connect.h"
#include "base/parallel/listener.h"

namespace vitrine {

LaunchEnvironment LoopbackPlace(int rank, int size, int port, int listener) {
  LaunchEnvironment environment;
  environment.launcher = "a test";
  environment.rank = rank;
  environment.size = size;
  environment.is_one_machine = true;
  environment.master_address = "127.0.0.1";
  environment.master_port = port;
  environment.listener = rank == 0 ? listener : -1;
  return environment;
}

std::vector<absl::Status> OnLoopback(int size, std::chrono::milliseconds timeout,
                                     const std::function<absl::Status(ProcessGroup& group)>& body) {
  const Listener listener = ListenOnLoopback().value();
  std::vector<absl::Status> statuses(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      auto group = Connect(LoopbackPlace(rank, size, listener.port, listener.fd), timeout);
      statuses[rank] = group.ok() ? body(**group) : group.status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return statuses;
}

}  // namespace vitrine
