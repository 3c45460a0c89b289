#include "base/parallel/launch_environment.h"

#include <stdlib.h>

#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;

// Variables of which the later ones count.
Variables With(Variables variables, const Variables& others) {
  for (const auto& [name, value] : others) variables[name] = value;
  return variables;
}

const Variables kUsual = {{"PATH", "/bin"}, {"HOSTNAME", "gpu03"}};
const Variables kMaster = {{"MASTER_ADDR", "gpu03"}, {"MASTER_PORT", "2222"}};
const Variables kRanks = With(kMaster, {{"RANK", "5"}, {"WORLD_SIZE", "8"}});
const Variables kTorchrun = With(kRanks, {{"LOCAL_RANK", "1"},
                                          {"LOCAL_WORLD_SIZE", "4"},
                                          {"TORCHELASTIC_RUN_ID", "none"},
                                          {"TORCHELASTIC_RESTART_COUNT", "2"},
                                          {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
const Variables kOpenMpi = {{"OMPI_COMM_WORLD_RANK", "3"},
                            {"OMPI_COMM_WORLD_SIZE", "4"},
                            {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                            {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
const Variables kHydra = {
    {"PMI_RANK", "3"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}};
const Variables kSrun = {{"SLURM_JOB_ID", "70123"},
                         {"SLURM_JOB_NODELIST", "gpu[01-09]"},
                         {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.1"},
                         {"SLURM_LOCALID", "1"},
                         {"SLURM_NTASKS", "8"},
                         {"SLURM_PROCID", "6"},
                         {"SLURM_STEP_NODELIST", "gpu[03-05,9]"},
                         {"SLURM_STEP_NUM_NODES", "4"},
                         {"SLURM_STEP_NUM_TASKS", "8"}};

LaunchEnvironment Read(const Variables& variables) {
  const auto environment = ReadLaunchEnvironment(With(kUsual, variables));
  EXPECT_OK(environment);
  return environment.value_or(LaunchEnvironment());
}

void ExpectAlone(const Variables& variables) {
  const LaunchEnvironment environment = Read(variables);
  EXPECT_EQ(environment.launcher, "");
  EXPECT_EQ(environment.rank, 0);
  EXPECT_EQ(environment.size, 1);
  EXPECT_EQ(environment.local_rank, 0);
}

void ExpectRefused(const Variables& variables, const std::string& message) {
  EXPECT_THAT(ReadLaunchEnvironment(With(kUsual, variables)),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr(message)));
}

TEST(LaunchEnvironmentTest, NoLauncher) { ExpectAlone({}); }

TEST(LaunchEnvironmentTest, OfThisProcess) {
  ASSERT_EQ(setenv("LAUNCH_ENVIRONMENT_TEST", "a=b", 1), 0);
  EXPECT_EQ(EnvironmentVariables().at("LAUNCH_ENVIRONMENT_TEST"), "a=b");
}

TEST(LaunchEnvironmentTest, Torchrun) {
  const LaunchEnvironment environment = Read(kTorchrun);
  EXPECT_EQ(environment.launcher, "torchrun");
  EXPECT_EQ(environment.rank, 5);
  EXPECT_EQ(environment.size, 8);
  EXPECT_EQ(environment.local_rank, 1);
  EXPECT_FALSE(environment.is_one_machine);
  EXPECT_EQ(environment.master_address, "gpu03");
  EXPECT_EQ(environment.master_port, 2222);
  EXPECT_EQ(environment.restart_count, 2);
  EXPECT_TRUE(environment.has_agent_store);
  EXPECT_EQ(environment.listener, -1);
}

TEST(LaunchEnvironmentTest, TorchrunOnOneMachine) {
  const LaunchEnvironment environment =
      Read(With(kTorchrun, {{"LOCAL_WORLD_SIZE", "8"},
                            {"MASTER_ADDR", "localhost"},
                            {"TORCHELASTIC_USE_AGENT_STORE", "False"}}));
  EXPECT_TRUE(environment.is_one_machine);
  EXPECT_EQ(environment.master_address, "localhost");
  EXPECT_FALSE(environment.has_agent_store);
}

TEST(LaunchEnvironmentTest, PyTorchJobOfKubernetes) {
  const LaunchEnvironment environment =
      Read(With(kRanks, {{"KUBERNETES_SERVICE_HOST", "10.96.0.1"}}));
  EXPECT_EQ(environment.launcher, "PyTorchJob");
  EXPECT_EQ(environment.rank, 5);
  EXPECT_EQ(environment.local_rank, 0);
  EXPECT_EQ(environment.master_port, 2222);
  EXPECT_FALSE(environment.has_agent_store);
  // Older ones tell the first pod that it is the master itself.
  EXPECT_EQ(Read(With(kRanks, {{"RANK", "0"}, {"MASTER_ADDR", "localhost"}})).master_address,
            "localhost");
}

TEST(LaunchEnvironmentTest, RanksOfAnUnknownLauncher) {
  EXPECT_EQ(Read(kRanks).launcher, "RANK and WORLD_SIZE");
}

TEST(LaunchEnvironmentTest, OpenMpi) {
  const LaunchEnvironment environment = Read(With(kOpenMpi, kMaster));
  EXPECT_EQ(environment.launcher, "Open MPI");
  EXPECT_EQ(environment.rank, 3);
  EXPECT_EQ(environment.size, 4);
  EXPECT_EQ(environment.local_rank, 1);
  EXPECT_EQ(environment.master_address, "gpu03");
  EXPECT_EQ(Read(With(kOpenMpi, {{"MASTER_ADDR", "gpu03"}})).master_port, 29500);
}

TEST(LaunchEnvironmentTest, SrunMaySetThePmisVariablesToo) {
  const LaunchEnvironment environment = Read({{"SLURM_PROCID", "1"},
                                              {"SLURM_STEP_NUM_TASKS", "2"},
                                              {"SLURM_LOCALID", "1"},
                                              {"SLURM_STEP_NUM_NODES", "1"},
                                              {"PMI_RANK", "1"},
                                              {"PMI_SIZE", "2"}});
  EXPECT_EQ(environment.launcher, "Slurm");
  EXPECT_TRUE(environment.is_one_machine);
}

TEST(LaunchEnvironmentTest, JobsOfOpenMpiDoNotMeet) {
  const auto port_of = [](const std::string& job) {
    return Read(With(kOpenMpi, {{"MASTER_ADDR", "gpu03"}, {"OMPI_MCA_ess_base_jobid", job}}))
        .master_port;
  };
  EXPECT_EQ(port_of("1175846913"), 26913);
  EXPECT_EQ(port_of("4175912449"), 22449);
}

TEST(LaunchEnvironmentTest, MpiOnOneMachineNeedsNoAddress) {
  const LaunchEnvironment open_mpi = Read(With(kOpenMpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}}));
  const LaunchEnvironment hydra = Read(With(kHydra, {{"MPI_LOCALNRANKS", "4"}}));
  for (const LaunchEnvironment& environment : {open_mpi, hydra}) {
    EXPECT_TRUE(environment.is_one_machine);
    EXPECT_EQ(environment.master_address, "127.0.0.1");
    EXPECT_EQ(environment.master_port, 29500);
  }
}

TEST(LaunchEnvironmentTest, Hydra) {
  const LaunchEnvironment environment = Read(With(kHydra, kMaster));
  EXPECT_EQ(environment.launcher, "MPICH");
  EXPECT_EQ(environment.rank, 3);
  EXPECT_EQ(environment.size, 4);
  EXPECT_EQ(environment.local_rank, 1);
}

TEST(LaunchEnvironmentTest, Srun) {
  const LaunchEnvironment environment = Read(kSrun);
  EXPECT_EQ(environment.launcher, "Slurm");
  EXPECT_EQ(environment.rank, 6);
  EXPECT_EQ(environment.size, 8);
  EXPECT_EQ(environment.local_rank, 1);
  EXPECT_FALSE(environment.is_one_machine);
  EXPECT_EQ(environment.master_address, "gpu03");
  EXPECT_EQ(environment.master_port, 20123);
  EXPECT_EQ(Read(With(kSrun, {{"MASTER_ADDR", "login"}})).master_address, "login");
  EXPECT_EQ(Read(With(kSrun, {{"MASTER_PORT", "2222"}})).master_port, 2222);
}

TEST(LaunchEnvironmentTest, FirstHostOfSlurm) {
  const Variables no_step = {{"SLURM_STEP_NODELIST", ""}};
  EXPECT_EQ(Read(With(kSrun, no_step)).master_address, "gpu01");
  EXPECT_EQ(Read(With(With(kSrun, no_step), {{"SLURM_JOB_NODELIST", ""}})).master_address,
            "10.0.0.1");
  for (const auto& [list, first] : Variables{{"gpu3", "gpu3"},
                                             {"gpu3,gpu4", "gpu3"},
                                             {"gpu[3]", "gpu3"},
                                             {"gpu[3,5-7],login", "gpu3"},
                                             {"login,gpu[3-5]", "login"},
                                             {"rack-2-gpu[010-012]", "rack-2-gpu010"},
                                             {"gpu[3", "gpu3"}}) {
    EXPECT_EQ(Read(With(kSrun, {{"SLURM_STEP_NODELIST", list}})).master_address, first) << list;
  }
}

TEST(LaunchEnvironmentTest, SrunOnOneMachine) {
  const LaunchEnvironment environment = Read(With(kSrun, {{"SLURM_STEP_NUM_NODES", "1"}}));
  EXPECT_TRUE(environment.is_one_machine);
  EXPECT_EQ(environment.master_address, "127.0.0.1");
}

TEST(LaunchEnvironmentTest, SlurmsShellsAreNoGroup) {
  Variables batch_script = kSrun;
  batch_script.erase("SLURM_STEP_NUM_TASKS");
  batch_script["SLURM_PROCID"] = "0";
  ExpectAlone(batch_script);
  ExpectAlone(With(kSrun, {{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
}

TEST(LaunchEnvironmentTest, GroupsOfOneAreNoGroups) {
  ExpectAlone({{"RANK", "0"}, {"WORLD_SIZE", "1"}});
  ExpectAlone(With(kTorchrun, {{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  ExpectAlone(With(kOpenMpi, {{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}));
}

TEST(LaunchEnvironmentTest, LaunchersThatStartOneAnother) {
  EXPECT_EQ(Read(With(kSrun, kTorchrun)).launcher, "torchrun");
  EXPECT_EQ(Read(With(kSrun, kTorchrun)).size, 8);
  // mpirun has srun start one daemon on each machine.
  const Variables daemon = With(kSrun, {{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "1"}});
  EXPECT_EQ(Read(With(With(daemon, kMaster), kOpenMpi)).rank, 3);
  EXPECT_EQ(Read(With(With(daemon, kMaster), kHydra)).rank, 3);
  // A script that is started once on each machine, and starts a process for each GPU.
  EXPECT_EQ(Read(With(daemon, kRanks)).size, 8);
}

TEST(LaunchEnvironmentTest, SlurmsOwnPmi) {
  const LaunchEnvironment environment =
      Read(With(With(kSrun, kMaster), {{"PMI_RANK", "6"}, {"PMI_SIZE", "8"}}));
  EXPECT_EQ(environment.rank, 6);
  EXPECT_EQ(environment.local_rank, 1);
}

TEST(LaunchEnvironmentTest, OwnProcessesOutrankTheirLauncher) {
  for (const int rank : {0, 2}) {
    LaunchEnvironment given;
    given.rank = rank;
    given.size = 3;
    given.master_port = 4321;
    given.listener = rank == 0 ? 7 : -1;
    const LaunchEnvironment environment =
        Read(WithOwnLaunch(With(With(kSrun, kTorchrun), {{"VITRINE_LISTENER", "9"}}), given));
    EXPECT_EQ(environment.launcher, "--processes");
    EXPECT_EQ(environment.rank, rank);
    EXPECT_EQ(environment.local_rank, rank);
    EXPECT_EQ(environment.size, 3);
    EXPECT_TRUE(environment.is_one_machine);
    EXPECT_EQ(environment.master_address, "127.0.0.1");
    EXPECT_EQ(environment.master_port, 4321);
    EXPECT_EQ(environment.listener, given.listener);
    EXPECT_FALSE(environment.has_agent_store);
  }
  ExpectRefused({{"VITRINE_RANK", "1"}, {"VITRINE_PROCESSES", "2"}}, "unset them");
}

TEST(LaunchEnvironmentTest, HalfSetVariablesAreRefused) {
  ExpectRefused({{"RANK", "0"}}, "RANK is set and WORLD_SIZE is not; set both, or none");
  ExpectRefused({{"WORLD_SIZE", "2"}}, "WORLD_SIZE is set and RANK is not");
  ExpectRefused({{"OMPI_COMM_WORLD_SIZE", "2"}}, "OMPI_COMM_WORLD_RANK is not");
  ExpectRefused({{"PMI_RANK", "0"}}, "PMI_SIZE is not");
  ExpectRefused({{"SLURM_STEP_NUM_TASKS", "2"}}, "SLURM_PROCID is not");
  ExpectRefused({{"VITRINE_RANK", "0"}}, "VITRINE_PROCESSES is not");
}

TEST(LaunchEnvironmentTest, WhatIsNoNumberIsRefused) {
  for (const char* value : {"x", "-1", "1.5", "99999999999", "0x1", "1 2"}) {
    const std::string shown = std::string("='") + value + "' is no number from ";
    ExpectRefused(With(kRanks, {{"RANK", value}}), "RANK" + shown + "0 up");
    ExpectRefused(With(kRanks, {{"WORLD_SIZE", value}}), "WORLD_SIZE" + shown + "1 up");
    ExpectRefused(With(kTorchrun, {{"LOCAL_RANK", value}}), "LOCAL_RANK" + shown);
    ExpectRefused(With(kTorchrun, {{"TORCHELASTIC_RESTART_COUNT", value}}), shown);
    ExpectRefused(With(kRanks, {{"MASTER_PORT", value}}), "MASTER_PORT" + shown + "1 to 65535");
  }
  ExpectRefused(With(kRanks, {{"WORLD_SIZE", "0"}}), "WORLD_SIZE='0'");
  ExpectRefused(With(kRanks, {{"MASTER_PORT", "0"}}), "MASTER_PORT='0'");
  ExpectRefused(With(kRanks, {{"MASTER_PORT", "65536"}}), "MASTER_PORT='65536'");
}

TEST(LaunchEnvironmentTest, RanksMustBeBelowTheSize) {
  ExpectRefused(With(kRanks, {{"RANK", "8"}}), "RANK=8 is not below WORLD_SIZE=8");
}

TEST(LaunchEnvironmentTest, MissingAddressesAreRefused) {
  ExpectRefused(With(kRanks, {{"MASTER_ADDR", ""}}), "MASTER_ADDR is not set; set it for every");
  ExpectRefused(With(kRanks, {{"MASTER_PORT", ""}}), "MASTER_PORT is not set; set it for every");
  ExpectRefused(kOpenMpi, "mpirun -x MASTER_ADDR=HOST");
  ExpectRefused(kHydra, "MASTER_ADDR is not set");
}

TEST(LaunchEnvironmentTest, LoopbackIsNoAddressForSeveralMachines) {
  for (const char* address : {"127.0.0.1", "localhost", "127.0.1.1", "::1"}) {
    const Variables loopback = {{"MASTER_ADDR", address}};
    ExpectRefused(With(kOpenMpi, loopback), "is every machine's own, and Open MPI has started");
    ExpectRefused(With(kSrun, loopback), "is every machine's own, and Slurm has started");
  }
}

TEST(LaunchEnvironmentTest, LaunchersThatContradictOneAnotherAreRefused) {
  const Variables alone = {{"RANK", "0"}, {"WORLD_SIZE", "1"}};
  ExpectRefused(With(kOpenMpi, alone),
                "WORLD_SIZE=1 contradicts OMPI_COMM_WORLD_SIZE=4 of Open MPI; unset RANK");
  ExpectRefused(With(kSrun, alone), "SLURM_STEP_NUM_TASKS=8");
}

}  // namespace
}  // namespace vitrine
