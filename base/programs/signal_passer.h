// Passes on to child processes what an InterruptionGuard of this one has noted, so that they can
// end in order or save what they have.

#ifndef BASE_PROGRAMS_SIGNAL_PASSER_H_
#define BASE_PROGRAMS_SIGNAL_PASSER_H_

#include <sys/types.h>

#include <map>
#include <vector>

namespace vitrine {

class SignalPasser {
 public:
  explicit SignalPasser(const std::vector<pid_t>& children);

  // Each wish to save, once a child waits for SIGUSR1 as programs of this project do, and the first
  // signal that is to end them. Call it now and then.
  void PassOn();

  // The child has been waited for: its number may be another process's.
  void Forget(pid_t child) { is_to_save_.erase(child); }

 private:
  std::map<pid_t, bool> is_to_save_;  // children, and whether the wish is still to be passed on
  bool is_ended_ = false;             // whether the signal was passed on
};

}  // namespace vitrine

#endif  // BASE_PROGRAMS_SIGNAL_PASSER_H_
