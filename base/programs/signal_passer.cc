#include "base/programs/signal_passer.h"

#include <csignal>
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

SignalPasser::SignalPasser(const std::vector<pid_t>& children) {
  for (const pid_t child : children) is_to_save_[child] = false;
}

void SignalPasser::PassOn() {
  const bool is_requested = InterruptionGuard::TakeSaveRequest();
  for (auto& [child, is_to_save] : is_to_save_) {
    is_to_save |= is_requested;
    if (is_to_save && Blocks(child, SIGUSR1)) {
      is_to_save = false;
      kill(child, SIGUSR1);
    }
  }
  const int signal = InterruptionGuard::Signal();
  if (signal == 0 || is_ended_) return;
  is_ended_ = true;
  for (const auto& [child, unused] : is_to_save_) InterruptionGuard::PassOn(child, signal);
}

}  // namespace vitrine
