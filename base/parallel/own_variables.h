// Environment variables that StartProcesses sets and LaunchOf reads, beside those of torchrun.

#ifndef BASE_PARALLEL_OWN_VARIABLES_H_
#define BASE_PARALLEL_OWN_VARIABLES_H_

namespace vitrine {

inline constexpr char kOwnLauncher[] = "VITRINE_PROCESSES";
inline constexpr char kListeningSocket[] = "VITRINE_LISTENING_SOCKET";

}  // namespace vitrine

#endif  // BASE_PARALLEL_OWN_VARIABLES_H_
