#include "train/run_record.h"

#include "ATen/Version.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "torch/headeronly/version.h"
#include "train/checkpoint.h"

namespace vitrine {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr char kFinished[] = "finished";

// The commit of the checkout that `bazel run` was typed in; "unknown" elsewhere. Read from .git, so
// that the program needs no git and its bytes do not change with every commit.
std::string GitRevision() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr) return "unknown";
  const fs::path git = fs::path(workspace) / ".git";
  const auto head = ReadFile(git / "HEAD");
  if (!head.ok()) return "unknown";
  std::string_view text = absl::StripAsciiWhitespace(*head);
  if (!absl::ConsumePrefix(&text, "ref: ")) return std::string(text);
  const auto revision = ReadFile(git / std::string(text));
  return revision.ok() ? std::string(absl::StripAsciiWhitespace(*revision)) : "unknown";
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

bool IsFinished(const fs::path& path) {
  const auto text = ReadFile(path);
  if (!text.ok()) return false;
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("status") && json["status"] == kFinished;
}

absl::Status WriteRunRecord(const fs::path& path, const ExperimentConfig& config,
                            const RunRecord& record) {
  Json json = {{"config", config.name()},
               {"status", record.test ? kFinished : "running"},
               {"seed", config.seed()},
               {"data", record.data},
               {"device", record.device},
               {"cpu_capability", at::get_cpu_capability()},
               {"threads", config.threads()},
               {"precision", ExperimentConfig::Precision_Name(config.precision())},
               {"kernels", ExperimentConfig::Kernels_Name(config.kernels())},
               {"libtorch", TORCH_VERSION},
               {"git_revision", GitRevision()},
               {"parameters", record.parameters},
               {"wall_seconds", record.wall_seconds}};
  if (record.best) {
    json["best"] = {{"checkpoint", CheckpointName(record.best->iteration())},
                    {"minival_loss", record.best->loss()}};
  }
  if (record.test) json["test"] = TestJson(*record.test);
  for (const auto& [name, test] : record.test_averages) {
    json[absl::StrCat("test_", name)] = TestJson(test);
  }
  return WriteAtomically(path, json.dump(2) + "\n");
}

}  // namespace vitrine
