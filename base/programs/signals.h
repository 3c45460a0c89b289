// Signals as questions that a long loop asks, so that it can end in order or save what it has.
//
//   WatchSignals();  // at the start of main, before there are other threads; RunProgram does it
//   const InterruptionGuard guard;
//   while (...) {
//     if (InterruptionGuard::TakeSaveRequest()) Save();
//     if (const int signal = InterruptionGuard::Signal()) return InterruptedError(signal, "...");
//   }
//
// There is no handler, since a handler runs on the stack of the thread that it interrupts, and some
// code has none: oneDNN's generated products use the stack pointer as an ordinary register
// (uxlfoundation/oneDNN#4845). Signals are blocked in all threads instead, and one of them does
// nothing but wait for them.

#ifndef BASE_PROGRAMS_SIGNALS_H_
#define BASE_PROGRAMS_SIGNALS_H_

#include <sys/types.h>

#include <chrono>

namespace vitrine {

// From now on SIGINT, SIGTERM and SIGHUP do what an InterruptionGuard says, and where there is none
// end the process as they would without this. SIGUSR1, by which a cluster warns of the end, never
// does. A signal that the process was started to ignore stays ignored. A file that outgrows its
// limit (SIGXFSZ) is an error of the write that hits it, like a full disk.
//
// Signals are blocked in the calling thread and in those that it starts later; one that was there
// before would still be ended by them. May be called again.
void WatchSignals();

// Gives a new process, between fork and exec, the signals that this program was started with.
void RestoreSignals();

// For a program whose results are in its files: from now on a console whose reader is gone, as that
// of `| head` is, ends it no more.
void OutliveConsole();

// Whether that has happened to the standard output, and does not matter.
bool HasOutlivedConsole();

// As long as it lives, the first SIGINT, SIGTERM or SIGHUP is noted instead of ending the process.
// A second SIGINT or SIGTERM ends it at once; not SIGHUP, of which a lost connection sends several.
// What comes within kOneSignal of the first is the same one: `timeout` sends it to the process and
// then to its group. One guard at a time.
class InterruptionGuard {
 public:
  InterruptionGuard();
  ~InterruptionGuard();
  InterruptionGuard(const InterruptionGuard&) = delete;
  InterruptionGuard& operator=(const InterruptionGuard&) = delete;

  static constexpr std::chrono::milliseconds kOneSignal{100};

  // The number of the signal that was noted, 0 if there was none or there is no guard.
  static int Signal();

  // Whether SIGUSR1 has come since this was last asked; not without a guard, which may come later.
  static bool TakeSaveRequest();

  // Sends the child, a program of this project, the signal that was noted. It may have had it
  // already: from the terminal, or as a member of the process group or of the job that was meant.
  // So it takes this for the first signal or for none, never for the second that ends it at once.
  static void PassOn(pid_t child, int signal);
};

}  // namespace vitrine

#endif  // BASE_PROGRAMS_SIGNALS_H_
