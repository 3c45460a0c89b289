#include "base/programs/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/programs/signal_passer.h"
#include "base/programs/signals.h"

namespace vitrine {
namespace {

constexpr int kWaitMilliseconds = 20;
constexpr int kNotStarted = 127;  // as shells have it

// The child's half of fork: nothing here allocates or locks, since other threads may have held a
// lock when the process was copied.
[[noreturn]] void Execute(char* const* arguments, Capture capture, int pipe, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  RestoreSignals();
  const int null = open("/dev/null", O_RDWR);
  const bool parent_lives = getppid() == parent;  // it may have died before prctl
  const int out = capture == Capture::kOutAndErr ? pipe : STDOUT_FILENO;
  const int err = capture == Capture::kNothing ? STDERR_FILENO : pipe;
  if (parent_lives && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
      dup2(err, STDERR_FILENO) >= 0) {
    execvp(arguments[0], arguments);
  }
  _exit(kNotStarted);
}

// Reads to the end of the pipe, which is at once if nothing is captured.
std::string ReadAll(int fd, const std::function<void()>& tick) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kInterval(500);
  std::string text;
  char buffer[4096];
  Clock::time_point last_tick = Clock::now();
  while (true) {
    pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&waiting, 1, kInterval.count());
    if (Clock::now() - last_tick >= kInterval) {
      tick();
      last_tick = Clock::now();
    }
    if (ready <= 0) continue;
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, n);
  }
}

int WaitFor(pid_t child, SignalPasser* passer) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    passer->PassOn();
    poll(nullptr, 0, kWaitMilliseconds);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

absl::StatusOr<ProcessResult> RunProcess(const std::vector<std::string>& command, Capture capture,
                                         const std::function<void()>& tick) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // exec does not change them
  }
  arguments.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Execute(arguments.data(), capture, ends[1], parent);
  const int error = errno;
  close(ends[1]);
  ProcessResult result;
  if (child > 0) {
    SignalPasser passer({child});
    result.text = ReadAll(ends[0], [&] {
      tick();
      passer.PassOn();
    });
    result.exit_status = WaitFor(child, &passer);
  }
  close(ends[0]);
  if (child < 0) return absl::ErrnoToStatus(error, absl::StrCat(command[0], ": cannot be started"));
  if (result.exit_status == kNotStarted) {
    return absl::NotFoundError(absl::StrCat(command[0], ": cannot be started; is it installed?"));
  }
  return result;
}

}  // namespace vitrine
