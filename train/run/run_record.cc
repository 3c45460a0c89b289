#include "train/run/run_record.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/programs/processor.h"
#include "base/status_macros.h"
#include "torch/headeronly/version.h"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr char kFinished[] = "finished";
constexpr char kCpuCapability[] = "cpu_capability";
constexpr char kOrigin[] = "initialised_from";

// The commit of a branch or tag, from the file in which git gathers those that rest.
std::string PackedRevision(const fs::path& git, std::string_view reference) {
  const auto packed = ReadFile(git / "packed-refs");
  if (!packed.ok()) return "unknown";
  for (std::string_view line : absl::StrSplit(*packed, '\n')) {
    if (absl::ConsumeSuffix(&line, absl::StrCat(" ", reference))) return std::string(line);
  }
  return "unknown";
}

// The commit of the checkout that `bazel run` was typed in; "unknown" elsewhere, and in a linked
// worktree. Read from .git, so that the program needs no git and its bytes do not change with every
// commit.
std::string GitRevision() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr) return "unknown";
  const fs::path git = fs::path(workspace) / ".git";
  const auto head = ReadFile(git / "HEAD");
  if (!head.ok()) return "unknown";
  std::string_view text = absl::StripAsciiWhitespace(*head);
  if (!absl::ConsumePrefix(&text, "ref: ")) return std::string(text);
  const auto revision = ReadFile(git / std::string(text));
  if (!revision.ok()) return PackedRevision(git, text);
  return std::string(absl::StripAsciiWhitespace(*revision));
}

// A text in the record there; empty if there is none.
std::string Recorded(const fs::path& path, const std::string& key) {
  const auto text = ReadFile(path);
  if (!text.ok()) return "";
  const Json json = ParseJson(*text);
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return "";
  return json[key];
}

Json TestJson(const Evaluation& test) {
  return {{"count", test.count},
          {"correct_top1", test.correct_top1},
          {"correct_top5", test.correct_top5},
          {"top1", test.top1()},
          {"top5", test.top5()},
          {"loss", test.loss()}};
}

}  // namespace

bool IsFinished(const fs::path& path) { return Recorded(path, "status") == kFinished; }

std::string RecordedProcessor(const fs::path& path) { return Recorded(path, kCpuCapability); }

std::string RecordedOrigin(const fs::path& path) { return Recorded(path, kOrigin); }

absl::Status WriteRunRecord(const fs::path& path, const ExperimentConfig& config,
                            const RunRecord& record) {
  Json json = {{"config", config.name()},
               {"status", record.test         ? kFinished
                          : record.is_trained ? "trained"
                                              : "running"},
               {"seed", config.seed()},
               {"data", record.data},
               {"device", record.device},
               {kCpuCapability, CpuCapability()},
               {"processes", record.processes},
               {"threads", config.threads()},
               {"precision", ExperimentConfig::Precision_Name(config.precision())},
               {"kernels", ExperimentConfig::Kernels_Name(config.kernels())},
               {"libtorch", TORCH_VERSION},
               {"git_revision", GitRevision()},
               {"parameters", record.parameters},
               {"wall_seconds", record.wall_seconds}};
  if (!record.initialised_from.empty()) json[kOrigin] = record.initialised_from;
  if (record.best) {
    json["best"] = {{"checkpoint", CheckpointName(record.best->iteration())},
                    {"minival_loss", record.best->loss()}};
  }
  if (record.test) json["test"] = TestJson(*record.test);
  for (const auto& [name, test] : record.test_averages) {
    json[absl::StrCat("test_", name)] = TestJson(test);
  }
  return WriteAtomically(path, PrettyJson(json) + "\n");
}

}  // namespace vitrine
