#include "base/parallel/connect.h"

#include <utility>

#include "base/parallel/exchange_group.h"
#include "base/parallel/gloo_transport.h"
#include "base/parallel/single_process.h"
#include "base/parallel/transport.h"
#include "base/status_macros.h"
#include "glog/logging.h"

namespace vitrine {

absl::StatusOr<std::unique_ptr<ProcessGroup>> Connect(const LaunchEnvironment& environment,
                                                      std::chrono::milliseconds timeout) {
  if (environment.size == 1) return std::make_unique<SingleProcess>();
  ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, ConnectByGloo(environment, timeout));
  LOG_IF(INFO, environment.rank == 0)
      << "rank 0 of " << environment.size << ", started by " << environment.launcher
      << "; Gloo over " << GlooInterface(environment) << ", ranks meet at "
      << environment.master_address << ":" << environment.master_port;
  return std::make_unique<ExchangeGroup>(std::move(transport));
}

}  // namespace vitrine
