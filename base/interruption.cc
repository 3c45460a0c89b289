#include "base/interruption.h"

#include <csignal>
#include <initializer_list>

namespace vitrine {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

// After the first signal the next ends the process, should it not come to its end by itself.
void Note(int signal) {
  noted_signal = signal;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void Handle(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, handler);
}

}  // namespace

InterruptionGuard::InterruptionGuard() {
  noted_signal = 0;
  Handle(Note);
}

InterruptionGuard::~InterruptionGuard() { Handle(SIG_DFL); }

int InterruptionGuard::Signal() { return noted_signal; }

}  // namespace vitrine
