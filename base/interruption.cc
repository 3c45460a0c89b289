#include "base/interruption.h"

#include <signal.h>

#include <csignal>
#include <initializer_list>

namespace vitrine {
namespace {

volatile std::sig_atomic_t noted_signal = 0, is_from_terminal = 0;

void RestoreDefaults() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
}

// After the first signal the next ends the process, should it not come to its end by itself.
void Note(int signal, siginfo_t* info, void* /*context*/) {
  noted_signal = signal;
  is_from_terminal = info->si_code == SI_KERNEL;
  RestoreDefaults();
}

}  // namespace

InterruptionGuard::InterruptionGuard() {
  noted_signal = 0;
  is_from_terminal = 0;
  struct sigaction action = {};
  action.sa_sigaction = Note;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

InterruptionGuard::~InterruptionGuard() { RestoreDefaults(); }

int InterruptionGuard::Signal() { return noted_signal; }

bool InterruptionGuard::FromTerminal() { return is_from_terminal != 0; }

}  // namespace vitrine
