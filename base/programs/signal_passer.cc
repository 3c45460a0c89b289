#include "base/programs/signal_passer.h"

#include <signal.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/programs/signals.h"

namespace vitrine {
namespace {

// Whether the process waits for the signal, which would end it before it does: a program of this
// project blocks it once it is loaded.
bool Blocks(pid_t process, int signal) {
  std::ifstream status(absl::StrCat("/proc/", process, "/status"));
  std::string line;
  uint64_t mask = 0;
  while (std::getline(status, line)) {
    std::string_view value = line;
    if (absl::ConsumePrefix(&value, "SigBlk:"))
      return absl::SimpleHexAtoi(value, &mask) && (mask >> (signal - 1)) & 1;
  }
  return false;
}

}  // namespace

void SignalPasser::PassOn(int signal, bool save_request) {
  is_save_requested_ |= save_request;
  if (is_save_requested_ && Blocks(child_, SIGUSR1)) {
    is_save_requested_ = false;
    kill(child_, SIGUSR1);
  }
  if (signal == 0 || is_done_) return;
  is_done_ = true;
  InterruptionGuard::PassOn(child_, signal);
}

}  // namespace vitrine
