// Ctrl-C and SIGTERM as a question that a long loop asks, so that it can end in order.
//
//   const InterruptionGuard guard;
//   while (...) {
//     if (const int signal = InterruptionGuard::Signal()) return InterruptedError(signal, "...");
//   }

#ifndef BASE_INTERRUPTION_H_
#define BASE_INTERRUPTION_H_

namespace vitrine {

// As long as it lives, the first SIGINT or SIGTERM is noted instead of ending the process. A second
// ends it at once, as ever. One at a time.
class InterruptionGuard {
 public:
  InterruptionGuard();
  ~InterruptionGuard();
  InterruptionGuard(const InterruptionGuard&) = delete;
  InterruptionGuard& operator=(const InterruptionGuard&) = delete;

  // The number of the signal that was noted, 0 if there was none.
  static int Signal();

  // Whether it was the terminal's doing, as Ctrl-C is, which sends it to child processes as well.
  static bool FromTerminal();
};

}  // namespace vitrine

#endif  // BASE_INTERRUPTION_H_
