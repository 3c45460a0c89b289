#include "base/programs/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"

extern char** environ;

namespace vitrine {
namespace {

std::filesystem::path NewOutputFile(const char* kind) {
  static int number = 0;
  const char* folder = std::getenv("TEST_TMPDIR");
  return std::filesystem::path(folder == nullptr ? "/tmp" : folder) /
         absl::StrCat("child.", getpid(), ".", number++, ".", kind);
}

// Whatever the test itself was started with or has made of it.
void SetUsualSignals(posix_spawnattr_t* attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

std::string Contents(const std::filesystem::path& path) {
  auto bytes = ReadFile(path);
  return bytes.ok() ? *std::move(bytes) : bytes.status().ToString();
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& command) {
  ChildProcess child;
  child.out_ = NewOutputFile("out");
  child.err_ = NewOutputFile("err");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, child.out_.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, child.err_.c_str(), flags, 0600);
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  SetUsualSignals(&attributes);
  const int error =
      posix_spawnp(&child.pid_, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  Signal(SIGKILL);
  Wait();
}

void ChildProcess::Signal(int signal) { kill(pid_, signal); }

int ChildProcess::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string ChildProcess::Out() const { return Contents(out_); }

std::string ChildProcess::Err() const { return Contents(err_); }

ChildResult RunChild(const std::vector<std::string>& command) {
  absl::StatusOr<ChildProcess> child = ChildProcess::Start(command);
  if (!child.ok()) return {-1, "", child.status().ToString()};
  const int status = child->Wait();
  return {status, child->Out(), child->Err()};
}

}  // namespace vitrine
