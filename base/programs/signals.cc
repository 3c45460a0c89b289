#include "base/programs/signals.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/files/partial.h"

namespace vitrine {
namespace {

constexpr std::array kWatched = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
constexpr std::array kIgnored = {SIGXFSZ, SIGPIPE};

// Comes with a signal that was passed on by the parent.
constexpr int kPassedOn = 0x76697472;

// Nothing here has a destructor: the thread that waits goes on while the process ends.

pid_t watching = 0;  // the process that watches: a fork leaves the waiting thread behind

// What this program was started with.
sigset_t first_mask;
std::array<struct sigaction, kIgnored.size()> first_actions;

std::atomic<bool> outlives_console = false;

using Clock = std::chrono::steady_clock;

std::mutex mutex;  // of what follows
bool is_guarded = false;
int noted_signal = 0;
std::optional<Clock::time_point> first_ending;  // the guard's first SIGINT or SIGTERM
bool is_save_requested = false;

// What the signal does to a process that does not know it.
[[noreturn]] void TakeUsualEffect(int signal) {
  RemovePartials();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(signal);
  _exit(128 + signal);  // the first process of a container survives that
}

bool IsPassedOn(const siginfo_t& info) {
  return info.si_code == SI_QUEUE && info.si_value.sival_int == kPassedOn &&
         info.si_pid == getppid();
}

void Take(const siginfo_t& info) {
  const std::lock_guard lock(mutex);
  const int signal = info.si_signo;
  if (signal == SIGUSR1) {
    is_save_requested = true;
    return;
  }
  if (!is_guarded) TakeUsualEffect(signal);
  if (noted_signal == 0) noted_signal = signal;
  if (signal == SIGHUP || IsPassedOn(info)) return;
  if (!first_ending) first_ending = Clock::now();
  if (Clock::now() - *first_ending > InterruptionGuard::kOneSignal) TakeUsualEffect(signal);
}

[[noreturn]] void WaitForSignals(sigset_t watched) {
  while (true) {
    siginfo_t info;
    if (sigwaitinfo(&watched, &info) > 0) Take(info);
  }
}

bool IsIgnored(int signal) {
  struct sigaction action;
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

sigset_t WatchedSignals() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : kWatched) {
    if (!IsIgnored(signal)) sigaddset(&watched, signal);
  }
  return watched;
}

void RememberSignals() {
  pthread_sigmask(SIG_SETMASK, nullptr, &first_mask);
  for (size_t i = 0; i < kIgnored.size(); ++i) sigaction(kIgnored[i], nullptr, &first_actions[i]);
}

}  // namespace

void WatchSignals() {
  if (watching == getpid()) return;
  if (watching == 0) RememberSignals();
  watching = getpid();
  std::signal(SIGXFSZ, SIG_IGN);
  const sigset_t watched = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  std::thread(WaitForSignals, watched).detach();
}

void RestoreSignals() {
  if (watching == 0) return;
  for (size_t i = 0; i < kIgnored.size(); ++i) sigaction(kIgnored[i], &first_actions[i], nullptr);
  pthread_sigmask(SIG_SETMASK, &first_mask, nullptr);
}

void OutliveConsole() {
  WatchSignals();  // which remembers how it was before
  std::signal(SIGPIPE, SIG_IGN);
  outlives_console = true;
}

bool HasOutlivedConsole() {
  pollfd console = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return outlives_console && poll(&console, 1, 0) == 1 &&
         (console.revents & (POLLERR | POLLHUP)) != 0;
}

InterruptionGuard::InterruptionGuard() {
  WatchSignals();
  const std::lock_guard lock(mutex);
  is_guarded = true;
  noted_signal = 0;
  first_ending.reset();
}

InterruptionGuard::~InterruptionGuard() {
  const std::lock_guard lock(mutex);
  is_guarded = false;
}

int InterruptionGuard::Signal() {
  const std::lock_guard lock(mutex);
  return is_guarded ? noted_signal : 0;
}

bool InterruptionGuard::TakeSaveRequest() {
  const std::lock_guard lock(mutex);
  return is_guarded && std::exchange(is_save_requested, false);
}

void InterruptionGuard::PassOn(pid_t child, int signal) {
  sigqueue(child, signal, {.sival_int = kPassedOn});
}

}  // namespace vitrine
