// Brings a data set to this machine or verifies the one that is here, and packs image files.

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/processor_count.h"
#include "base/programs/program.h"
#include "base/status_macros.h"
#include "data/batches/bad_images.h"
#include "data/class_list.h"
#include "data/dataset.pb.h"
#include "data/prepare/catalog.h"
#include "data/prepare/data_set.h"
#include "data/prepare/pack.h"
#include "data/sets/given_parts.h"
#include "data/sets/image_files.h"
#include "data/sets/imagenet100.h"
#include "data/sets/loaded_set.h"
#include "gflags/gflags.h"

DEFINE_string(dataset, "",
              "mnist, cifar10, cifar100, imagenet100, or images for image files of your own");
DEFINE_string(data_dir, "",
              "the folder that holds a folder for each data set; for images their own folder");
DEFINE_string(pack_into, "",
              "imagenet100 and images: the folder for train.pack, test.pack and validation.pack");
DEFINE_string(image_column, "", "of Parquet, where it is not found: the column of the images");
DEFINE_string(label_column, "", "of Parquet, where it is not found: the column of the labels");
DEFINE_int32(shorter_side, 0, "packs pictures reduced to this many pixels; 0: as they are");
DEFINE_bool(skip_bad, false, "packs without the images that can't be read or decoded");

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUsage = R"(prepare --dataset=NAME --data_dir=FOLDER [flags]

Downloads a data set, or verifies the one that is there. An interrupted download continues the next
time. Image files can be packed, which makes them quicker to read.)";

absl::Status Report(const fs::path& folder, const absl::StatusOr<Outcome>& outcome) {
  RETURN_IF_ERROR(outcome.status());
  std::cout << folder.string()
            << (*outcome == Outcome::kVerified ? ": already there, verified"
                                               : ": downloaded and verified")
            << std::endl;
  return absl::OkStatus();
}

absl::Status Pack(const LoadedSet& set, const fs::path& from) {
  const fs::path into = UserPath(FLAGS_pack_into);
  const PackOptions options = {
      .shorter_side = FLAGS_shorter_side, .skip_bad = FLAGS_skip_bad, .threads = ProcessorCount()};
  ASSIGN_OR_RETURN(const PackResult result, PackImages(set, from, options, into));
  std::cout << into.string() << (result.verified ? ": already packed, verified" : ": packed")
            << std::endl;
  if (result.left_out > 0) {
    std::cout << "left out " << result.left_out << " images that can't be read or decoded; the "
              << "first: " << result.example << std::endl;
  }
  WarnOfDamagedImages(result.damaged);
  return absl::OkStatus();
}

// "12 train and 6 test".
std::string CountImages(const LoadedSet& set) {
  std::string text = absl::StrCat(set.train->size(), " train");
  if (set.minival != nullptr) absl::StrAppend(&text, ", ", set.minival->size(), " validation");
  if (set.test != nullptr) absl::StrAppend(&text, " and ", set.test->size(), " test");
  return text;
}

// Says what is there, packs it if that is asked for, or finds out whether it is whole.
absl::Status PrepareImages(const LoadedSet& set, const fs::path& folder) {
  std::cout << folder.string() << ": " << CountImages(set) << " images of "
            << set.class_names.size() << " classes, class list " << ClassListId(set.class_names)
            << "; " << DescribeOrigins(set.origins) << std::endl;
  if (FLAGS_pack_into.empty()) return absl::OkStatus();
  if (FindLayout(folder) == FileLayout::kPacked) {
    return UsageError(absl::StrCat("--pack_into: ", folder.string(),
                                   " is packed already; name the folder that it was made of"));
  }
  return Pack(set, folder);
}

absl::Status PrepareImageNet100(const fs::path& parent) {
  const fs::path folder = FindImageNet100(parent);
  const absl::StatusOr<LoadedSet> set = OpenImageNet100(DataConfig(), folder);
  if (absl::IsNotFound(set.status())) {
    return absl::NotFoundError(
        absl::StrCat(set.status().message(), "; download the data set ", kImageNet100Name,
                     " of Hugging Face, revision ", kImageNet100Revision, ", the ",
                     kImageNet100Files, ", to there, for example with: hf download ",
                     kImageNet100Name, " --repo-type=dataset --revision=", kImageNet100Revision,
                     " --local-dir=", folder.string()));
  }
  RETURN_IF_ERROR(set.status());
  return PrepareImages(*set, folder);
}

absl::Status PrepareOwnImages(const fs::path& folder) {
  DataConfig config;
  config.set_image_column(FLAGS_image_column);
  config.set_label_column(FLAGS_label_column);
  ASSIGN_OR_RETURN(const LoadedSet set, OpenImageFiles(config, folder));
  return PrepareImages(set, folder);
}

absl::Status CheckFlags(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(RefuseArguments(arguments));
  if (FLAGS_data_dir.empty()) return UsageError("--data_dir is needed; see --help");
  if (FLAGS_shorter_side < 0) return UsageError("--shorter_side: must not be negative");
  if (FLAGS_dataset != "images" && !(FLAGS_image_column + FLAGS_label_column).empty()) {
    return UsageError("--image_column, --label_column: are for --dataset=images");
  }
  if (FLAGS_pack_into.empty() && (FLAGS_shorter_side > 0 || FLAGS_skip_bad)) {
    return UsageError("--shorter_side, --skip_bad: need --pack_into");
  }
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  RETURN_IF_ERROR(CheckFlags(arguments));
  const fs::path parent = UserPath(FLAGS_data_dir);
  if (FLAGS_dataset == "imagenet100") return PrepareImageNet100(parent);
  if (FLAGS_dataset == "images") return PrepareOwnImages(parent);
  if (!FLAGS_pack_into.empty()) {
    return UsageError(
        "--pack_into: is for imagenet100 and images; the others are read as they are");
  }
  if (FLAGS_dataset == "mnist") {
    const fs::path folder = parent / "mnist";
    return Report(folder, PrepareFiles(MnistFiles(), folder));
  }
  if (FLAGS_dataset == "cifar10") {
    const fs::path folder = parent / "cifar-10-batches-bin";
    return Report(folder, PrepareArchive(Cifar10Archive(), folder));
  }
  if (FLAGS_dataset == "cifar100") {
    const fs::path folder = parent / "cifar-100-binary";
    return Report(folder, PrepareArchive(Cifar100Archive(), folder));
  }
  return UsageError(
      absl::StrCat("--dataset must be mnist, cifar10, cifar100, imagenet100 or images, not '",
                   FLAGS_dataset, "'; see --help"));
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  return vitrine::RunProgram(argc, argv, vitrine::kUsage, vitrine::Run);
}
