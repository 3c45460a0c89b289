#include "base/parallel/launch_environment.h"

#include <unistd.h>

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

constexpr int kMaxPort = 65535;
constexpr char kLoopback[] = "127.0.0.1";

constexpr char kOwnRank[] = "VITRINE_RANK";
constexpr char kOwnSize[] = "VITRINE_PROCESSES";
constexpr char kOwnPort[] = "VITRINE_PORT";
constexpr char kOwnListener[] = "VITRINE_LISTENER";

absl::Status Refusal(std::string_view problem) { return absl::FailedPreconditionError(problem); }

// The value of a variable, empty if there is none.
std::string Get(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

bool Has(const Variables& variables, const std::string& name) {
  return !Get(variables, name).empty();
}

// Refuses what is no number from `lowest` to `highest`; `missing` stands for what is not there.
absl::StatusOr<int> Number(const Variables& variables, const std::string& name, int missing,
                           int lowest, int highest = std::numeric_limits<int>::max()) {
  const std::string text = Get(variables, name);
  int number = 0;
  if (text.empty()) return missing;
  if (absl::SimpleAtoi(text, &number) && number >= lowest && number <= highest) return number;
  return Refusal(absl::StrCat(name, "='", text, "' is no number from ", lowest,
                              highest == kMaxPort ? absl::StrCat(" to ", highest) : " up",
                              "; the launcher sets it: unset it to run without one"));
}

// How a launcher numbers its processes.
struct Convention {
  const char *launcher, *rank, *size;
  const char *local_rank, *local_size;  // null where it has none
};

constexpr Convention kOwn = {"--processes", kOwnRank, kOwnSize, kOwnRank, kOwnSize};
constexpr Convention kTorchrun = {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK",
                                  "LOCAL_WORLD_SIZE"};
constexpr Convention kPyTorchJob = {"PyTorchJob", "RANK", "WORLD_SIZE", "LOCAL_RANK",
                                    "LOCAL_WORLD_SIZE"};
constexpr Convention kRankVariables = {"RANK and WORLD_SIZE", "RANK", "WORLD_SIZE", "LOCAL_RANK",
                                       "LOCAL_WORLD_SIZE"};
constexpr Convention kOpenMpi = {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                                 "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Convention kPmi = {"MPICH", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};
// Not SLURM_NTASKS, which a batch script has too: there one process of the job's tasks runs.
constexpr Convention kSlurm = {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID",
                               nullptr};

// Whether the launcher has started this process at all.
bool IsOf(const Variables& variables, const Convention& convention) {
  // Slurm sets the rank in batch scripts too.
  const bool is_step = &convention != &kSlurm || Has(variables, kSlurm.size);
  return is_step && (Has(variables, convention.rank) || Has(variables, convention.size));
}

const Convention* FindConvention(const Variables& variables) {
  if (IsOf(variables, kOwn)) return &kOwn;
  if (IsOf(variables, kTorchrun)) {
    if (Has(variables, "TORCHELASTIC_RUN_ID")) return &kTorchrun;
    return Has(variables, "KUBERNETES_SERVICE_HOST") ? &kPyTorchJob : &kRankVariables;
  }
  // srun may set a PMI's variables too, and says more itself.
  const bool is_both = IsOf(variables, kPmi) && IsOf(variables, kSlurm) &&
                       Get(variables, kPmi.size) == Get(variables, kSlurm.size) &&
                       Get(variables, kPmi.rank) == Get(variables, kSlurm.rank);
  if (is_both) return &kSlurm;
  for (const Convention* convention : {&kOpenMpi, &kPmi, &kSlurm}) {
    if (IsOf(variables, *convention)) return convention;
  }
  return nullptr;
}

absl::StatusOr<LaunchEnvironment> ReadRanks(const Variables& variables,
                                            const Convention& convention) {
  for (const auto& [name, other] :
       {std::pair(convention.rank, convention.size), std::pair(convention.size, convention.rank)}) {
    if (!Has(variables, name)) {
      return Refusal(
          absl::StrCat(other, " is set and ", name, " is not; set both, or none to run alone"));
    }
  }
  LaunchEnvironment environment;
  environment.launcher = convention.launcher;
  ASSIGN_OR_RETURN(environment.rank, Number(variables, convention.rank, 0, 0));
  ASSIGN_OR_RETURN(environment.size, Number(variables, convention.size, 0, 1));
  if (environment.rank >= environment.size) {
    return Refusal(absl::StrCat(convention.rank, "=", environment.rank, " is not below ",
                                convention.size, "=", environment.size,
                                "; set both as the launcher does, or none to run alone"));
  }
  // Slurm's own PMI has no other name for it.
  const char* local_rank = Has(variables, convention.local_rank) ? convention.local_rank
                           : &convention == &kPmi                ? kSlurm.local_rank
                                                                 : convention.local_rank;
  ASSIGN_OR_RETURN(environment.local_rank, Number(variables, local_rank, 0, 0));
  return environment;
}

// Whether more processes were started than know of one another: several would be the same rank.
absl::Status CheckOuterLauncher(const Variables& variables, const LaunchEnvironment& environment) {
  for (const Convention* outer : {&kOpenMpi, &kPmi, &kSlurm}) {
    if (!IsOf(variables, *outer)) continue;
    ASSIGN_OR_RETURN(const int size, Number(variables, outer->size, 1, 1));
    if (size <= environment.size) return absl::OkStatus();
    return Refusal(absl::StrCat("WORLD_SIZE=", environment.size, " contradicts ", outer->size, "=",
                                size, " of ", outer->launcher,
                                "; unset RANK and WORLD_SIZE, or set them for each process"));
  }
  return absl::OkStatus();
}

// Whether all processes are on this machine, if the launcher says it.
std::optional<bool> IsOneMachine(const Variables& variables, const Convention& convention,
                                 const LaunchEnvironment& environment) {
  const bool is_slurm = &convention == &kSlurm;
  const std::string name = is_slurm                ? "SLURM_STEP_NUM_NODES"
                           : convention.local_size ? convention.local_size
                                                   : "";
  int number = 0;
  if (!absl::SimpleAtoi(Get(variables, name), &number)) return std::nullopt;
  return number == (is_slurm ? 1 : environment.size);
}

// The first of "gpu[03-05,9],login": gpu03.
std::string FirstHost(const std::string& list) {
  const size_t end = list.find_first_of(",[");
  const std::string name = list.substr(0, end);
  if (end == list.npos || list[end] == ',') return name;
  const size_t number = end + 1;
  return name + list.substr(number, list.find_first_of("-,]", number) - number);
}

// Where Slurm has started rank 0.
std::string FirstSlurmHost(const Variables& variables) {
  for (const char* name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"}) {
    if (Has(variables, name)) return FirstHost(Get(variables, name));
  }
  return Get(variables, "SLURM_LAUNCH_NODE_IPADDR");
}

bool IsLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

absl::StatusOr<std::string> MasterAddress(const Variables& variables, const Convention& convention,
                                          const LaunchEnvironment& environment,
                                          std::optional<bool> is_one) {
  std::string address = Get(variables, "MASTER_ADDR");
  if (address.empty() && is_one == true) address = kLoopback;
  if (address.empty() && &convention == &kSlurm) address = FirstSlurmHost(variables);
  if (address.empty()) {
    return Refusal(absl::StrCat(
        "MASTER_ADDR is not set; set it for every process to the name or address of the machine "
        "of rank 0",
        &convention == &kOpenMpi ? ", as mpirun -x MASTER_ADDR=HOST does" : ""));
  }
  if (IsLoopback(address) && is_one == false) {
    return Refusal(absl::StrCat("MASTER_ADDR=", address, " is every machine's own, and ",
                                environment.launcher,
                                " has started processes on several; set it "
                                "to the name of the machine of rank 0"));
  }
  return address;
}

// A machine may have several jobs, which should not meet.
int PortOfJob(const Variables& variables, const Convention& convention) {
  const std::string job =
      Get(variables, &convention == &kOpenMpi ? "OMPI_MCA_ess_base_jobid" : "SLURM_JOB_ID");
  int64_t number = 0;
  if (!absl::SimpleAtoi(job, &number) || number <= 0) return 29500;  // as PyTorch has it
  return static_cast<int>(20000 + number % 10000);
}

absl::StatusOr<int> MasterPort(const Variables& variables, const Convention& convention) {
  const bool is_set_by_launcher = convention.rank == kTorchrun.rank;
  if (is_set_by_launcher && !Has(variables, "MASTER_PORT")) {
    return Refusal(
        "MASTER_PORT is not set; set it for every process to a port that is free on the "
        "machine of rank 0");
  }
  return Number(variables, "MASTER_PORT", PortOfJob(variables, convention), 1, kMaxPort);
}

absl::StatusOr<LaunchEnvironment> ReadOwn(const Variables& variables,
                                          LaunchEnvironment environment) {
  environment.is_one_machine = true;
  environment.master_address = kLoopback;
  ASSIGN_OR_RETURN(environment.master_port, Number(variables, kOwnPort, 0, 1, kMaxPort));
  ASSIGN_OR_RETURN(environment.listener, Number(variables, kOwnListener, -1, 0));
  const bool is_listening = environment.listener >= 0;
  if (environment.master_port == 0 || is_listening != (environment.rank == 0)) {
    return Refusal("VITRINE_RANK and VITRINE_PROCESSES are set by --processes alone; unset them");
  }
  return environment;
}

}  // namespace

Variables EnvironmentVariables() {
  Variables variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (equals != text.npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

absl::StatusOr<LaunchEnvironment> ReadLaunchEnvironment(const Variables& variables) {
  const Convention* convention = FindConvention(variables);
  if (convention == nullptr) return LaunchEnvironment();
  ASSIGN_OR_RETURN(LaunchEnvironment environment, ReadRanks(variables, *convention));
  if (convention == &kOwn) return ReadOwn(variables, std::move(environment));
  if (convention == &kRankVariables || convention == &kPyTorchJob) {
    RETURN_IF_ERROR(CheckOuterLauncher(variables, environment));
  }
  if (environment.size == 1) return LaunchEnvironment();
  const std::optional<bool> is_one = IsOneMachine(variables, *convention, environment);
  environment.is_one_machine = is_one == true;
  ASSIGN_OR_RETURN(environment.master_address,
                   MasterAddress(variables, *convention, environment, is_one));
  ASSIGN_OR_RETURN(environment.master_port, MasterPort(variables, *convention));
  if (convention == &kTorchrun) {
    ASSIGN_OR_RETURN(environment.restart_count,
                     Number(variables, "TORCHELASTIC_RESTART_COUNT", 0, 0));
    environment.has_agent_store = Get(variables, "TORCHELASTIC_USE_AGENT_STORE") == "True";
  }
  return environment;
}

Variables WithOwnLaunch(Variables variables, const LaunchEnvironment& environment) {
  variables[kOwnRank] = absl::StrCat(environment.rank);
  variables[kOwnSize] = absl::StrCat(environment.size);
  variables[kOwnPort] = absl::StrCat(environment.master_port);
  variables.erase(kOwnListener);
  variables.erase("GLOO_SOCKET_IFNAME");  // of a network between machines
  if (environment.listener >= 0) variables[kOwnListener] = absl::StrCat(environment.listener);
  return variables;
}

}  // namespace vitrine
