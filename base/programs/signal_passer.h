// Signals that are meant for a program's child.

#ifndef BASE_PROGRAMS_SIGNAL_PASSER_H_
#define BASE_PROGRAMS_SIGNAL_PASSER_H_

#include <sys/types.h>

namespace vitrine {

// Needs an InterruptionGuard, whose notes it passes on: each wish to save, and the first signal.
// SIGUSR1 only once the child blocks it, as a program of this project does when it is loaded.
class SignalPasser {
 public:
  explicit SignalPasser(pid_t child) : child_(child) {}

  // What was noted; to be called again and again.
  void PassOn(int signal, bool save_request);

 private:
  const pid_t child_;
  bool is_save_requested_ = false, is_done_ = false;
};

}  // namespace vitrine

#endif  // BASE_PROGRAMS_SIGNAL_PASSER_H_
