// The program itself, as far as it goes without a network; data_set_test has the rest.

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

const fs::path& Folder() {
  static const auto* const folder = new fs::path(fs::path(::testing::TempDir()) / "prepare");
  return *folder;
}

struct Result {
  int exit_status;
  std::string out;
  std::string err;
};

// Runs the program as `bazel run` would for a user in Folder().
Result Prepare(const std::string& flags) {
  fs::create_directories(Folder());
  const std::string program = absl::StrCat(std::getenv("TEST_SRCDIR"), "/",
                                           std::getenv("TEST_WORKSPACE"), "/data/prepare/prepare ");
  const std::string command =
      absl::StrCat("BUILD_WORKING_DIRECTORY=", Folder().string(), " ", program, flags, " >",
                   (Folder() / "out").string(), " 2>", (Folder() / "err").string());
  const int status = std::system(command.c_str());
  return {.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = ReadFile(Folder() / "out").value_or(""),
          .err = ReadFile(Folder() / "err").value_or("")};
}

TEST(PrepareTest, MistakesOfUsageAreOneLineAndStatusTwo) {
  const struct {
    std::string flags, err;
  } cases[] = {
      {"--dataset=mnist", "prepare: --data_dir is needed; see --help\n"},
      {"--data_dir=d",
       "prepare: --dataset must be mnist, cifar10, cifar100, imagenet100 or images, not ''; see "
       "--help\n"},
      {"--data_dir=d --dataset=svhn",
       "prepare: --dataset must be mnist, cifar10, cifar100, imagenet100 or images, not 'svhn'; "
       "see "
       "--help\n"},
      {"--data_dir=d --dataset=mnist --pack_into=p",
       "prepare: --pack_into: is for imagenet100 and images; the others are read as they are\n"},
      {"--data_dir=d --dataset=imagenet100 --label_column=x",
       "prepare: --image_column, --label_column: are for --dataset=images\n"},
      {"--data_dir=d --dataset=images --shorter_side=8",
       "prepare: --shorter_side, --skip_bad: need --pack_into\n"},
      {"--data_dir=d mnist", "prepare: unexpected argument 'mnist'; see --help\n"},
  };
  for (const auto& c : cases) {
    const Result result = Prepare(c.flags);
    EXPECT_EQ(result.exit_status, 2) << c.flags;
    EXPECT_EQ(result.err, c.err);
  }
  EXPECT_FALSE(fs::exists(Folder() / "d"));
}

TEST(PrepareTest, HelpShowsTheFlags) {
  const Result result = Prepare("--help");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, StartsWith("usage: prepare --dataset=NAME --data_dir=FOLDER [flags]\n"));
  EXPECT_THAT(result.out, HasSubstr("--data_dir (string"));
}

TEST(PrepareTest, FileThatDiffersIsFoundInTheUsersFolder) {
  const fs::path file = Folder() / "relative" / "mnist" / "t10k-labels-idx1-ubyte.gz";
  ASSERT_OK(CreateFolder(file.parent_path()));
  ASSERT_OK(WriteAndSync(file, "no labels"));
  const Result result = Prepare("--dataset=mnist --data_dir=relative");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, StartsWith(absl::StrCat("prepare: ", file.string(), ": SHA-256 is ")));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1);
}

TEST(PrepareTest, ImageNet100SaysWhatToDo) {
  const Result result = Prepare("--dataset=imagenet100 --data_dir=d");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("0519dc2f402a3a18c6e57f7913db059215eee25b"));
  EXPECT_THAT(result.err, HasSubstr((Folder() / "d" / "imagenet-100").string()));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1);
}

TEST(PrepareTest, ImagesAreCountedAndPacked) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"}) {
    WriteTestFile(Folder() / "own" / name, EncodePng(MakePicture(30, 20)));
  }
  Result result = Prepare("--dataset=images --data_dir=own");
  EXPECT_EQ(result.out, absl::StrCat((Folder() / "own").string(),
                                     ": 2 train and 2 test images of 2 classes, class list "
                                     "52a4fb0b; train: train/, test: val/\n"));
  result = Prepare("--dataset=images --data_dir=own --pack_into=packed --shorter_side=10");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr((Folder() / "packed").string() + ": packed\n"));
  result = Prepare("--dataset=images --data_dir=own --pack_into=packed --shorter_side=10");
  EXPECT_THAT(result.out, HasSubstr(": already packed, verified\n"));
  result = Prepare("--dataset=images --data_dir=packed");
  EXPECT_THAT(result.out, HasSubstr("class list 52a4fb0b"));
  result = Prepare("--dataset=images --data_dir=packed --pack_into=again");
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("packed is packed already; name the folder that it was made"));
  EXPECT_FALSE(fs::exists(Folder() / "again"));
  result = Prepare("--dataset=images --data_dir=own --pack_into=again");
  EXPECT_EQ(result.exit_status, 0) << result.err;

  WriteTestFile(Folder() / "own/train/a/2.png", "no image");
  result = Prepare("--dataset=images --data_dir=own --pack_into=packed");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("train/a/2.png: "), HasSubstr("--skip_bad")));
  result = Prepare("--dataset=images --data_dir=own --pack_into=packed --skip_bad");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("left out 1 images"));

  WriteTestFile(Folder() / "own/train/a/2.png", WithoutEnd(EncodePng(MakePicture(30, 20))));
  result = Prepare("--dataset=images --data_dir=own --pack_into=packed");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 images are damaged and were read"));
}

TEST(PrepareTest, FailedPackingLeavesNoFolder) {
  for (const char* name : {"train/a/1.png", "val/a/1.png"}) {
    WriteTestFile(Folder() / "bad" / name, EncodePng(MakePicture(30, 20)));
  }
  WriteTestFile(Folder() / "bad/train/a/2.png", "no image");
  const Result result = Prepare("--dataset=images --data_dir=bad --pack_into=bad_packed");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("train/a/2.png: "));
  EXPECT_FALSE(fs::exists(Folder() / "bad_packed"));
}

TEST(PrepareTest, ThreePartsAreNamedAndPacked) {
  for (const char* name : {"train/a/1.png", "train/a/2.png", "valid/a/1.png", "test/a/1.png"}) {
    WriteTestFile(Folder() / "three" / name, EncodePng(MakePicture(30, 20)));
  }
  const Result result = Prepare("--dataset=images --data_dir=three --pack_into=three_packed");
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2 train, 1 validation and 1 test images of 1 classes"));
  EXPECT_THAT(result.out, HasSubstr("; train: train/, minival: valid/, test: test/\n"));
  for (const char* name : {"train.pack", "validation.pack", "test.pack"}) {
    EXPECT_TRUE(fs::exists(Folder() / "three_packed" / name)) << name;
  }
}

}  // namespace
}  // namespace vitrine
