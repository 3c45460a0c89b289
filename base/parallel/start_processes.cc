#include "base/parallel/start_processes.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file_descriptor.h"
#include "base/parallel/own_variables.h"
#include "base/programs/program.h"
#include "base/programs/signal_passer.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMilliseconds = 20;

// After a failure: rank 0 may still be writing a checkpoint, the others have nothing to save.
constexpr std::chrono::seconds kGraceOfRankZero(60), kGrace(2);

// Listens on a free port of this machine alone.
struct Listener {
  FileDescriptor socket;
  int port;
};

absl::StatusOr<Listener> Listen(int backlog) {
  FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (fd.get() < 0 || bind(fd.get(), any, size) != 0 || listen(fd.get(), backlog) != 0 ||
      getsockname(fd.get(), any, &size) != 0) {
    return absl::ErrnoToStatus(errno, "--processes: cannot listen on 127.0.0.1");
  }
  return Listener{std::move(fd), ntohs(address.sin_port)};
}

// This program's words, as it was started.
std::vector<std::string> OwnArguments() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// Of this process, and those of the rank.
std::vector<std::string> VariablesOf(int rank, int count, const Listener& listener) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  // A later value would not count: those of this process come from no launcher.
  const auto set = [&](std::string_view name, const auto& value) {
    std::erase_if(variables, [&](const std::string& variable) {
      return variable.starts_with(absl::StrCat(name, "="));
    });
    variables.push_back(absl::StrCat(name, "=", value));
  };
  set(kOwnLauncher, count);
  set("RANK", rank);
  set("LOCAL_RANK", rank);
  set("WORLD_SIZE", count);
  set("MASTER_ADDR", "127.0.0.1");
  set("MASTER_PORT", listener.port);
  if (rank == 0) set(kListeningSocket, listener.socket.get());
  return variables;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// The child's half of fork: nothing here allocates or locks.
[[noreturn]] void Execute(char* const* arguments, char* const* variables, int socket, bool is_shown,
                          pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  RestoreSignals();
  const bool parent_lives = getppid() == parent;  // it may have died before prctl
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const bool is_ready = is_shown ? fcntl(socket, F_SETFD, 0) == 0 : dup2(null, STDOUT_FILENO) >= 0;
  if (parent_lives && is_ready && dup2(null, STDIN_FILENO) >= 0) {
    execve("/proc/self/exe", arguments, variables);
  }
  _exit(127);
}

struct Child {
  int rank;
  pid_t pid;
  SignalPasser passer;
  std::optional<int> status;  // once it has ended, of waitpid
};

bool HasFailed(const Child& child) {
  return child.status && !(WIFEXITED(*child.status) && WEXITSTATUS(*child.status) == 0);
}

absl::Status FailureOf(const Child& child) {
  const std::string rank = absl::StrCat("rank ", child.rank);
  if (WIFSIGNALED(*child.status)) {
    const int signal = WTERMSIG(*child.status);
    return absl::UnavailableError(
        absl::StrCat(rank, " was ended by signal ", signal, " (", strsignal(signal), ")"));
  }
  const int status = WEXITSTATUS(*child.status);
  const std::string message = absl::StrCat(rank, " has ended with status ", status, "; see above");
  if (status > 128) return InterruptedError(status - 128, message);
  return status == 2 ? UsageError(message) : absl::UnavailableError(message);
}

// All children of StartProcesses. What is left of them dies with it.
class Children {
 public:
  ~Children() {
    for (const Child& child : children_) {
      if (!child.status) KillAndReap(child.pid);
    }
  }

  absl::Status Start(int count);

  // Until all have ended.
  absl::Status Wait();

 private:
  static void KillAndReap(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }

  // Notes who has ended since the last call. Of several at once the one that a signal has ended is
  // the cause.
  void Reap();
  bool AllEnded() const;
  bool IsOverdue() const;

  std::vector<Child> children_;
  const Child* failed_ = nullptr;  // first
  Clock::time_point failed_at_;
};

absl::Status Children::Start(int count) {
  ASSIGN_OR_RETURN(const Listener listener, Listen(count));
  const std::vector<std::string> words = OwnArguments();
  const std::vector<char*> arguments = Pointers(words);
  const pid_t parent = getpid();
  children_.reserve(count);
  for (int rank = 0; rank < count; ++rank) {
    const std::vector<std::string> own = VariablesOf(rank, count, listener);
    const std::vector<char*> variables = Pointers(own);
    const pid_t pid = fork();
    if (pid == 0) {
      Execute(arguments.data(), variables.data(), listener.socket.get(), rank == 0, parent);
    }
    if (pid < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("--processes: cannot start rank ", rank));
    }
    children_.push_back({.rank = rank, .pid = pid, .passer = SignalPasser(pid), .status = {}});
  }
  return absl::OkStatus();
}

void Children::Reap() {
  const bool had_failed = failed_ != nullptr;
  for (Child& child : children_) {
    int status = 0;
    if (child.status || waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
    child.status = status;
    if (had_failed || !HasFailed(child)) continue;
    if (failed_ == nullptr || (WIFSIGNALED(status) && !WIFSIGNALED(*failed_->status))) {
      failed_ = &child;
    }
    failed_at_ = Clock::now();
  }
}

bool Children::AllEnded() const {
  for (const Child& child : children_) {
    if (!child.status) return false;
  }
  return true;
}

bool Children::IsOverdue() const {
  const auto grace = children_[0].status ? kGrace : kGraceOfRankZero;
  return failed_ != nullptr && Clock::now() - failed_at_ > grace;
}

absl::Status Children::Wait() {
  for (Reap(); !AllEnded(); Reap()) {
    if (IsOverdue()) break;
    // Who waits for one that has ended need not wait for long.
    const int signal = failed_ == nullptr ? InterruptionGuard::Signal() : SIGTERM;
    const bool save_request = InterruptionGuard::TakeSaveRequest();
    for (Child& child : children_) {
      if (!child.status) child.passer.PassOn(signal, save_request);
    }
    poll(nullptr, 0, kPollMilliseconds);
  }
  return failed_ == nullptr ? absl::OkStatus() : FailureOf(*failed_);
}

}  // namespace

absl::Status StartProcesses(int count) {
  const InterruptionGuard guard;
  Children children;
  RETURN_IF_ERROR(children.Start(count));
  return children.Wait();
}

}  // namespace vitrine
