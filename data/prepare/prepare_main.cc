// Brings a data set to this machine, or verifies the one that is here.

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "data/prepare/catalog.h"
#include "data/prepare/data_set.h"
#include "gflags/gflags.h"

DEFINE_string(dataset, "", "mnist, cifar10 or imagenet100");
DEFINE_string(data_dir, "", "the folder that holds a folder for each data set");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUsage = R"(prepare --dataset=NAME --data_dir=FOLDER

Downloads a data set, or verifies the one that is there. An interrupted download is gone on with
the next time.)";

absl::Status Report(const fs::path& folder, const absl::StatusOr<Outcome>& outcome) {
  RETURN_IF_ERROR(outcome.status());
  std::cout << folder.string()
            << (*outcome == Outcome::kVerified ? ": already there, verified"
                                               : ": downloaded and verified")
            << std::endl;
  return absl::OkStatus();
}

absl::Status ExplainImageNet100(const fs::path& folder) {
  return absl::UnimplementedError(absl::StrCat(
      "imagenet100: not downloaded by this program, and read by a later version only; meanwhile "
      "download clane9/imagenet-100 of Hugging Face, revision "
      "0519dc2f402a3a18c6e57f7913db059215eee25b, into ",
      folder.string(), " by hand"));
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_data_dir.empty()) return UsageError("--data_dir is needed; see --help");
  const fs::path parent = UserPath(FLAGS_data_dir);
  if (FLAGS_dataset == "mnist") {
    const fs::path folder = parent / "mnist";
    return Report(folder, PrepareFiles(MnistFiles(), folder));
  }
  if (FLAGS_dataset == "cifar10") {
    const fs::path folder = parent / "cifar-10-batches-bin";
    return Report(folder, PrepareArchive(Cifar10Archive(), folder));
  }
  if (FLAGS_dataset == "imagenet100") return ExplainImageNet100(parent / "imagenet-100");
  return UsageError(absl::StrCat("--dataset must be mnist, cifar10 or imagenet100, not '",
                                 FLAGS_dataset, "'; see --help"));
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
