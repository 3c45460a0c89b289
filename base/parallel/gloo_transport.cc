#include "base/parallel/gloo_transport.h"

#include <netdb.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <limits>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/parallel/own_address.h"
#include "base/status_macros.h"
#include "c10/util/Logging.h"
#include "glog/logging.h"

#define USE_C10D_GLOO  // without it the next header is empty
#include "torch/csrc/distributed/c10d/PrefixStore.hpp"
#include "torch/csrc/distributed/c10d/ProcessGroupGloo.hpp"
#include "torch/csrc/distributed/c10d/TCPStore.hpp"

namespace vitrine {
namespace {

using std::chrono::milliseconds;

// After the first failure the others are known, or are not ours to wait for.
constexpr milliseconds kNow{1};

// The first line of what libtorch and Gloo throw, without the place in their sources.
std::string Reason(const std::exception& error) {
  std::string_view text = error.what();
  text = text.substr(0, text.find('\n'));
  if (const size_t end = text.find("] "); text.starts_with('[') && end != text.npos) {
    text.remove_prefix(end + 2);
  }
  return std::string(text);
}

std::string Seconds(milliseconds time) { return absl::FormatDuration(absl::FromChrono(time)); }

std::string Ranks(const std::vector<int>& ranks) {
  return absl::StrCat(ranks.size() == 1 ? "rank " : "ranks ", absl::StrJoin(ranks, ", "));
}

bool IsTimeout(std::string_view reason) {
  const std::string text = absl::AsciiStrToLower(reason);
  return absl::StrContains(text, "timed out") || absl::StrContains(text, "timeout");
}

// What Gloo says of connections that it has closed itself, because of another one's timeout.
bool IsConsequence(std::string_view reason) {
  return absl::StrContains(reason, "Application timeout");
}

const char* InterfaceName() {
  const char* name = std::getenv("GLOO_SOCKET_IFNAME");
  return name == nullptr || *name == '\0' ? nullptr : name;
}

// ---- meeting

bool Resolves(const std::string& name) {
  addrinfo* addresses = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, nullptr, &addresses) != 0) return false;
  freeaddrinfo(addresses);
  return true;
}

bool LacksFiles(const std::string& reason) {
  return absl::StrContains(reason, "Too many open files");
}

absl::Status TooFewFiles(const LaunchEnvironment& environment) {
  return absl::ResourceExhaustedError(
      absl::StrCat("rank ", environment.rank,
                   ": too many open files for so many connections; raise `ulimit -n`"));
}

using StorePointer = c10::intrusive_ptr<c10d::Store>;

// What went wrong where rank 0's store is made or looked for.
absl::Status StoreError(const LaunchEnvironment& environment, const std::string& reason) {
  const std::string rank = absl::StrCat("rank ", environment.rank, ": ");
  const std::string& address = environment.master_address;
  const int port = environment.master_port;
  if (LacksFiles(reason)) return TooFewFiles(environment);
  if (absl::StrContains(reason, "EADDRINUSE")) {
    return absl::UnavailableError(absl::StrCat(
        rank, "port ", port, " is in use on this machine; set MASTER_PORT to a free one"));
  }
  if (!Resolves(address)) {
    return absl::UnavailableError(
        absl::StrCat(rank, "the name ", address,
                     " of rank 0's machine does not resolve; set "
                     "MASTER_ADDR to its address, or to a name that every machine knows"));
  }
  return absl::UnavailableError(absl::StrCat(
      rank, "rank 0 does not answer at ", address, " port ", port, " (", reason,
      "); is it started, is MASTER_ADDR its machine, and does a firewall let the port through?"));
}

absl::StatusOr<StorePointer> MeetingPoint(const LaunchEnvironment& environment,
                                          milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = environment.master_port;
  options.isServer = environment.rank == 0 && !environment.has_agent_store;
  options.numWorkers = environment.size;
  options.waitWorkers = false;
  options.timeout = timeout;
  if (environment.listener >= 0) options.masterListenFd = environment.listener;
  try {
    const StorePointer store =
        c10::make_intrusive<c10d::TCPStore>(environment.master_address, options);
    // torchrun keeps a store when it starts the ranks again: they must not meet the earlier ones.
    return c10::make_intrusive<c10d::PrefixStore>(
        absl::StrCat("vitrine/", environment.restart_count), store);
  } catch (const std::exception& error) {
    return StoreError(environment, Reason(error));
  }
}

std::string KeyOf(int rank) { return absl::StrCat("rank/", rank); }

absl::Status CheckSize(const LaunchEnvironment& environment, const StorePointer& store) {
  const std::string size = absl::StrCat(environment.size);
  const std::vector<uint8_t> bytes(size.begin(), size.end());
  const std::vector<uint8_t> agreed = store->compareSet("size", {}, bytes);
  if (agreed == bytes) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "rank ", environment.rank, ": started as one of ", size, " ranks, and another as one of ",
      std::string(agreed.begin(), agreed.end()), "; start all of them with the same number"));
}

absl::Status AwaitAll(const LaunchEnvironment& environment, const StorePointer& store,
                      milliseconds timeout) {
  std::vector<std::string> keys;
  for (int rank = 0; rank < environment.size; ++rank) keys.push_back(KeyOf(rank));
  try {
    store->wait(keys, timeout);
    return absl::OkStatus();
  } catch (const std::exception& error) {
    if (!IsTimeout(Reason(error))) throw;
  }
  std::vector<int> missing;
  for (int rank = 0; rank < environment.size; ++rank) {
    if (!store->check({KeyOf(rank)})) missing.push_back(rank);
  }
  return absl::DeadlineExceededError(
      absl::StrCat("rank ", environment.rank, ": ", Ranks(missing), " of ", environment.size,
                   " did not come within ", Seconds(timeout),
                   "; see what they printed, and whether they start"));
}

// Returns once all ranks are there.
absl::Status Meet(const LaunchEnvironment& environment, const StorePointer& store,
                  milliseconds timeout) {
  try {
    RETURN_IF_ERROR(CheckSize(environment, store));
    if (store->add(KeyOf(environment.rank), 1) != 1) {
      return absl::FailedPreconditionError(
          absl::StrCat("rank ", environment.rank,
                       ": another process is this rank already; end "
                       "those of an earlier start, or set MASTER_PORT to another port"));
    }
    return AwaitAll(environment, store, timeout);
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("rank ", environment.rank, ": lost the store of rank 0, where ranks meet (",
                     Reason(error), "); see what rank 0 printed, then start all ranks again"));
  }
}

// ---- Gloo

// Not that of the host name, which others may not reach, as 127.0.1.1 on Debian.
std::string OwnAddress(const LaunchEnvironment& environment) {
  if (environment.is_one_machine) return "127.0.0.1";
  const std::string address = AddressTowards(environment.master_address, environment.master_port);
  return address.empty() ? HostName() : address;
}

c10::intrusive_ptr<c10d::ProcessGroupGloo::Options> GlooOptions(
    const LaunchEnvironment& environment, milliseconds timeout) {
  using Gloo = c10d::ProcessGroupGloo;
  auto options = Gloo::Options::create(timeout);
  options->threads = 1;  // for collective operations, of which none is used
  options->devices = {InterfaceName() != nullptr
                          ? Gloo::createDeviceForInterface(InterfaceName())
                          : Gloo::createDeviceForHostname(OwnAddress(environment))};
  return options;
}

// Gloo writes to sockets whose reader may have ended, which would end this process without a word.
// c10d logs stack traces beside what it throws.
void PrepareProcess() {
  static const bool is_prepared = [] {
    std::signal(SIGPIPE, SIG_IGN);
    if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = google::GLOG_FATAL;
    return true;
  }();
  static_cast<void>(is_prepared);
}

class GlooTransport : public Transport {
 public:
  GlooTransport(c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo, milliseconds timeout)
      : gloo_(std::move(gloo)), timeout_(timeout) {}

  int rank() const override { return gloo_->getRank(); }
  int size() const override { return gloo_->getSize(); }

  absl::Status Exchange(const std::vector<Message>& sent,
                        const std::vector<Message>& received) override {
    // A rank may be one exchange ahead of another.
    tag_ = (tag_ + 1) % std::numeric_limits<int>::max();
    Failures failures;
    std::vector<Transfer> transfers;
    for (const Message& message : received) Begin(message, false, &transfers, &failures);
    for (const Message& message : sent) Begin(message, true, &transfers, &failures);
    for (const Transfer& transfer : transfers) Await(transfer, &failures);
    return ErrorOf(failures);
  }

 private:
  struct Transfer {
    int peer;
    c10::intrusive_ptr<c10d::Work> work;
  };

  // Ranks whose connection is lost or that did not answer, each once, with one reason.
  struct Failures {
    std::map<int, std::string> lost, silent;
    bool any() const { return !lost.empty() || !silent.empty(); }
  };

  void Begin(const Message& message, bool is_sent, std::vector<Transfer>* transfers,
             Failures* failures) {
    std::vector<at::Tensor> tensors = {message.tensor};
    try {
      transfers->push_back({message.peer, is_sent ? gloo_->send(tensors, message.peer, tag_)
                                                  : gloo_->recv(tensors, message.peer, tag_)});
    } catch (const std::exception& error) {
      Note(message.peer, Reason(error), failures);
    }
  }

  void Await(const Transfer& transfer, Failures* failures) {
    try {
      transfer.work->wait(failures->any() ? kNow : timeout_);
    } catch (const std::exception& error) {
      Note(transfer.peer, Reason(error), failures);
    }
  }

  static void Note(int peer, const std::string& reason, Failures* failures) {
    const bool is_first = !failures->any();
    if (!IsTimeout(reason)) {
      failures->lost.emplace(peer, reason);
    } else if (is_first && !IsConsequence(reason)) {
      failures->silent.emplace(peer, reason);
    }
  }

  absl::Status ErrorOf(const Failures& failures) const {
    const std::string rank = absl::StrCat("rank ", this->rank(), ": ");
    if (!failures.lost.empty()) {
      return absl::UnavailableError(absl::StrCat(
          rank, "lost the connection to ", Ranks(Keys(failures.lost)), " (",
          failures.lost.begin()->second,
          "); a process has ended or its network is down: see what it printed, then start all "
          "ranks again"));
    }
    if (failures.silent.empty()) return absl::OkStatus();
    return absl::DeadlineExceededError(absl::StrCat(
        rank, Ranks(Keys(failures.silent)), " did not answer within ", Seconds(timeout_),
        "; it is stopped, cut off or busy with something else: see what it does, then start all "
        "ranks again"));
  }

  static std::vector<int> Keys(const std::map<int, std::string>& reasons) {
    std::vector<int> keys;
    for (const auto& [key, unused] : reasons) keys.push_back(key);
    return keys;
  }

  const c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  const milliseconds timeout_;
  int tag_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> ConnectByGloo(const LaunchEnvironment& environment,
                                                         milliseconds timeout) {
  PrepareProcess();
  ASSIGN_OR_RETURN(const StorePointer store, MeetingPoint(environment, timeout));
  RETURN_IF_ERROR(Meet(environment, store, timeout));
  try {
    return std::make_unique<GlooTransport>(
        c10::make_intrusive<c10d::ProcessGroupGloo>(store, environment.rank, environment.size,
                                                    GlooOptions(environment, timeout)),
        timeout);
  } catch (const std::exception& error) {
    if (LacksFiles(error.what())) return TooFewFiles(environment);
    return absl::UnavailableError(absl::StrCat(
        "rank ", environment.rank, ": no connections between ranks over ",
        GlooInterface(environment), " (", Reason(error),
        "); set GLOO_SOCKET_IFNAME to the network interface by which the machines reach one "
        "another"));
  }
}

std::string GlooInterface(const LaunchEnvironment& environment) {
  if (InterfaceName() != nullptr) return InterfaceName();
  return environment.is_one_machine ? "loopback" : OwnAddress(environment);
}

}  // namespace vitrine
