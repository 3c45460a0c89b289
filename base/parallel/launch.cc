#include "base/parallel/launch.h"

#include <array>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/parallel/own_variables.h"
#include "base/status_macros.h"

namespace vitrine {
namespace {

using Environment = absl::FunctionRef<const char*(const char*)>;

// What a launcher calls its variables; null: it has none.
struct Dialect {
  const char* launcher;
  const char* mark;  // is there if this launcher is
  const char *rank, *size, *local_rank, *local_size;
};

// In the order in which they are looked for: torchrun may run under Slurm, and Slurm's variables
// are also there for programs that srun has not started.
constexpr std::array kDialects = {
    Dialect{"--processes", kOwnLauncher, "RANK", "WORLD_SIZE", "LOCAL_RANK", "WORLD_SIZE"},
    Dialect{"torchrun", "TORCHELASTIC_RUN_ID", "RANK", "WORLD_SIZE", "LOCAL_RANK",
            "LOCAL_WORLD_SIZE"},
    Dialect{"RANK and WORLD_SIZE", "RANK", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    Dialect{"RANK and WORLD_SIZE", "WORLD_SIZE", "RANK", "WORLD_SIZE", "LOCAL_RANK",
            "LOCAL_WORLD_SIZE"},
    Dialect{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
            "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    Dialect{"MPICH", "PMI_RANK", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
    Dialect{"Slurm", "SLURM_STEP_ID", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID",
            nullptr},
};

const char* Find(Environment environment, const char* name) {
  const char* const value = name == nullptr ? nullptr : environment(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

absl::StatusOr<std::optional<int>> Number(Environment environment, const char* name, int least,
                                          int most) {
  const char* const text = Find(environment, name);
  if (text == nullptr) return std::nullopt;
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < least || value > most) {
    return absl::InvalidArgumentError(absl::StrCat(name, "=", text, ": must be a number from ",
                                                   least, " to ", most,
                                                   "; unset it, or start by a launcher"));
  }
  return value;
}

absl::StatusOr<int> Needed(Environment environment, const Dialect& dialect, const char* name,
                           int least, int most) {
  ASSIGN_OR_RETURN(const std::optional<int> value, Number(environment, name, least, most));
  if (value) return *value;
  return absl::InvalidArgumentError(absl::StrCat(name, ": is not set, but ", dialect.mark,
                                                 " is; set both, or unset ", dialect.mark));
}

// Where all processes are on one machine nobody need say where rank 0 is.
absl::Status CheckAddress(const Dialect& dialect, bool is_local, const Launch& launch) {
  if (is_local) return absl::OkStatus();
  const std::string_view remedy = std::string_view(dialect.launcher) == "Slurm"
                                      ? "; under Slurm: export MASTER_ADDR=$(scontrol show "
                                        "hostnames $SLURM_JOB_NODELIST | head "
                                        "-n 1)"
                                      : "";
  return absl::InvalidArgumentError(absl::StrCat(
      "MASTER_ADDR: is not set; set it to the name or address of rank 0's machine, the "
      "same for all ",
      launch.size, " processes", remedy));
}

absl::StatusOr<Launch> Read(Environment environment, const Dialect& dialect) {
  constexpr int kMost = 1 << 20;
  Launch launch;
  launch.launcher = dialect.launcher;
  ASSIGN_OR_RETURN(launch.size, Needed(environment, dialect, dialect.size, 1, kMost));
  ASSIGN_OR_RETURN(launch.rank, Needed(environment, dialect, dialect.rank, 0, launch.size - 1));
  ASSIGN_OR_RETURN(const auto local_rank, Number(environment, dialect.local_rank, 0, kMost));
  ASSIGN_OR_RETURN(const auto local_size, Number(environment, dialect.local_size, 1, kMost));
  ASSIGN_OR_RETURN(const auto nodes, Number(environment, "SLURM_STEP_NUM_NODES", 1, kMost));
  ASSIGN_OR_RETURN(const auto port, Number(environment, "MASTER_PORT", 1, 65535));
  ASSIGN_OR_RETURN(const auto restarts,
                   Number(environment, "TORCHELASTIC_RESTART_COUNT", 0, kMost));
  ASSIGN_OR_RETURN(const auto socket, Number(environment, kListeningSocket, 0, kMost));
  launch.local_rank = local_rank.value_or(0);
  launch.port = port.value_or(launch.port);
  launch.restarts = restarts.value_or(0);
  launch.listening_socket = socket.value_or(-1);
  const char* const agent_store = Find(environment, "TORCHELASTIC_USE_AGENT_STORE");
  launch.has_store = agent_store != nullptr && std::string_view(agent_store) == "True";
  if (const char* const address = Find(environment, "MASTER_ADDR")) {
    launch.address = address;
  } else if (launch.size > 1) {
    const bool is_local = local_size == launch.size || nodes == 1;
    RETURN_IF_ERROR(CheckAddress(dialect, is_local, launch));
  }
  return launch;
}

}  // namespace

absl::StatusOr<Launch> LaunchOf(Environment environment) {
  for (const Dialect& dialect : kDialects) {
    if (Find(environment, dialect.mark) != nullptr) return Read(environment, dialect);
  }
  return Launch();
}

}  // namespace vitrine
