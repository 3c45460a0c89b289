#include "base/parallel/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/parallel/launch_environment.h"
#include "base/parallel/listener.h"
#include "base/programs/program.h"
#include "base/programs/signal_passer.h"
#include "base/programs/signals.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWaitMilliseconds = 20;
constexpr int kNotStarted = 127;

// Strings as exec takes them.
class StringArray {
 public:
  explicit StringArray(std::vector<std::string> strings) : strings_(std::move(strings)) {
    for (std::string& text : strings_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  StringArray(const StringArray&) = delete;
  StringArray& operator=(const StringArray&) = delete;

  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

// A process and the pipe from its stderr, which rank 0 does not have: it may write to a terminal.
struct Rank {
  int rank = 0;
  pid_t pid = -1;
  int pipe = -1;
  std::string line;                // the one that is not yet complete
  std::optional<int> exit_status;  // once it has ended, 128 + n by signal n
  int signal = 0;                  // that ended it
};

// The child's half of fork: nothing here allocates or locks.
[[noreturn]] void Execute(int rank, char* const* arguments, char* const* variables, int pipe,
                          int listener, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  RestoreSignals();
  const int null = open("/dev/null", O_RDWR);
  bool is_ready = getppid() == parent;  // it may have died before prctl
  is_ready = is_ready && dup2(null, STDIN_FILENO) >= 0;
  if (rank == 0) {
    is_ready = is_ready && fcntl(listener, F_SETFD, 0) == 0;  // exec leaves it open
  } else {
    is_ready = is_ready && dup2(null, STDOUT_FILENO) >= 0 && dup2(pipe, STDERR_FILENO) >= 0;
  }
  if (is_ready) execve("/proc/self/exe", arguments, variables);
  _exit(kNotStarted);
}

std::vector<std::string> Joined(const Variables& variables) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : variables) texts.push_back(absl::StrCat(name, "=", value));
  return texts;
}

absl::StatusOr<std::vector<std::string>> OwnArguments() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  if (!arguments.empty()) return arguments;
  return absl::UnavailableError("/proc/self/cmdline can't be read; is /proc mounted?");
}

absl::StatusOr<Rank> StartRank(int rank, int size, const Listener& listener,
                               const StringArray& arguments) {
  LaunchEnvironment environment;
  environment.rank = rank;
  environment.size = size;
  environment.master_port = listener.port;
  if (rank == 0) environment.listener = listener.fd;
  const StringArray variables(Joined(WithOwnLaunch(EnvironmentVariables(), environment)));
  int ends[2] = {-1, -1};
  if (rank != 0 && pipe2(ends, O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pipe");
  }
  for (int& end : ends) end = AboveStandardFiles(end);
  const pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    Execute(rank, arguments.get(), variables.get(), ends[1], listener.fd, parent);
  }
  const int error = errno;
  if (rank != 0) close(ends[1]);
  if (pid > 0)
    return Rank{.rank = rank, .pid = pid, .pipe = ends[0], .line = {}, .exit_status = {}};
  if (rank != 0) close(ends[0]);
  return absl::ErrnoToStatus(
      error, absl::StrCat("process ", rank, " of ", size, " cannot be started; raise `ulimit -u`"));
}

// "I20240131 12:00:00.000000 123 file.cc:4] ", but for the year in older ones.
bool IsInformation(std::string_view line) {
  return line.size() > 5 && line[0] == 'I' &&
         std::all_of(line.begin() + 1, line.begin() + 5, absl::ascii_isdigit);
}

void Print(int rank, std::string_view line) {
  if (!IsInformation(line)) std::cerr << absl::StrCat("[rank ", rank, "] ", line, "\n");
}

// The ranks that were started, until the last of them has ended.
class Ranks {
 public:
  explicit Ranks(Patience patience) : patience_(patience) {}

  // Kills those that still run.
  ~Ranks() {
    SignalAll(SIGKILL);
    for (Rank& rank : ranks_) {
      if (!rank.exit_status) waitpid(rank.pid, nullptr, 0);
      if (rank.pipe >= 0) close(rank.pipe);
    }
  }

  absl::Status Start(int size) {
    ASSIGN_OR_RETURN(std::vector<std::string> texts, OwnArguments());
    const StringArray arguments(std::move(texts));
    ASSIGN_OR_RETURN(const Listener listener, ListenOnLoopback());
    absl::Status status;
    for (int rank = 0; rank < size && status.ok(); ++rank) {
      absl::StatusOr<Rank> started = StartRank(rank, size, listener, arguments);
      status = started.status();
      if (started.ok()) ranks_.push_back(*std::move(started));
    }
    close(listener.fd);
    return status;
  }

  absl::Status Await() {
    std::vector<pid_t> pids;
    for (const Rank& rank : ranks_) pids.push_back(rank.pid);
    SignalPasser passer(pids);
    while (std::any_of(ranks_.begin(), ranks_.end(), IsRunning)) {
      passer.PassOn();
      PollPipes(kWaitMilliseconds);
      for (const pid_t ended : TakeEnded()) passer.Forget(ended);
      EndOthers();
    }
    while (PollPipes(0)) {
    }
    for (Rank& rank : ranks_) {
      if (!rank.line.empty()) Print(rank.rank, rank.line);
    }
    return Result();
  }

 private:
  static bool IsRunning(const Rank& rank) { return !rank.exit_status; }

  // Waits for something to print; whether there was any.
  bool PollPipes(int milliseconds) {
    std::vector<pollfd> waiting;
    for (const Rank& rank : ranks_) waiting.push_back({rank.pipe, POLLIN, 0});  // -1 is ignored
    const int ready = poll(waiting.data(), waiting.size(), milliseconds);
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) ReadPipe(&ranks_[i]);
    }
    return ready > 0;
  }

  static void ReadPipe(Rank* rank) {
    char buffer[4096];
    const ssize_t n = read(rank->pipe, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) {
      close(std::exchange(rank->pipe, -1));
      return;
    }
    rank->line.append(buffer, n);
    size_t end;
    while ((end = rank->line.find('\n')) != std::string::npos) {
      Print(rank->rank, std::string_view(rank->line).substr(0, end));
      rank->line.erase(0, end + 1);
    }
  }

  // Ranks that have only lost another end with 1, and perhaps before it: of all that fail by
  // themselves the highest status is the cause's.
  std::vector<pid_t> TakeEnded() {
    std::vector<pid_t> ended;
    for (Rank& rank : ranks_) {
      int status = 0;
      if (rank.exit_status || waitpid(rank.pid, &status, WNOHANG) != rank.pid) continue;
      if (WIFSIGNALED(status)) rank.signal = WTERMSIG(status);
      rank.exit_status = rank.signal == 0 ? WEXITSTATUS(status) : 128 + rank.signal;
      ended.push_back(rank.pid);
      if (*rank.exit_status == 0 || are_asked_) continue;
      if (failed_ == nullptr) failed_at_ = Clock::now();
      if (failed_ == nullptr || *rank.exit_status > *failed_->exit_status) failed_ = &rank;
    }
    return ended;
  }

  void EndOthers() {
    if (failed_ == nullptr || IsInterruption(*failed_)) return;
    const auto passed = Clock::now() - failed_at_;
    if (passed > patience_.to_end && !std::exchange(are_asked_, true)) SignalAll(SIGTERM);
    if (passed <= patience_.to_end + patience_.to_obey || !killed_.empty()) return;
    for (const Rank& rank : ranks_) {
      if (IsRunning(rank)) killed_.push_back(rank.rank);
    }
    SignalAll(SIGKILL);
  }

  // Whether a rank has ended because it, or this process, was asked to: all do, after they have
  // saved.
  static bool IsInterruption(const Rank& rank) {
    const int signal = *rank.exit_status - 128;
    if (rank.signal != 0) return signal == InterruptionGuard::Signal();
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP;
  }

  void SignalAll(int signal) {
    for (const Rank& rank : ranks_) {
      if (IsRunning(rank)) kill(rank.pid, signal);
    }
  }

  absl::Status Result() const {
    if (failed_ == nullptr) return absl::OkStatus();
    const int status = *failed_->exit_status;
    if (IsInterruption(*failed_)) {
      return InterruptedError(status - 128,
                              absl::StrCat(ranks_.size(), " processes were asked to end"));
    }
    return WithExitStatus(absl::InternalError(absl::StrCat(HowItEnded(*failed_), WhoWasKilled())),
                          status);
  }

  std::string HowItEnded(const Rank& rank) const {
    const std::string which = absl::StrCat("rank ", rank.rank, " of ", ranks_.size());
    if (rank.signal == 0) {
      return absl::StrCat(which, " ended with exit status ", *rank.exit_status,
                          "; what it printed says why");
    }
    return absl::StrCat(which, " was ended by signal ", rank.signal,
                        rank.signal == SIGKILL ? ", perhaps because memory ran out" : "");
  }

  std::string WhoWasKilled() const {
    if (killed_.empty()) return "";
    return absl::StrCat("; rank ", absl::StrJoin(killed_, ", "), " did not end and was killed");
  }

  const Patience patience_;
  std::vector<Rank> ranks_;
  const Rank* failed_ = nullptr;  // ranks_ does not grow any more
  Clock::time_point failed_at_;   // the first
  std::vector<int> killed_;       // ranks that did not obey
  bool are_asked_ = false;
};

}  // namespace

absl::Status RunAsRanks(int size, Patience patience) {
  const InterruptionGuard guard;
  Ranks ranks(patience);
  RETURN_IF_ERROR(ranks.Start(size));
  return ranks.Await();
}

}  // namespace vitrine
