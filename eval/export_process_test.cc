// //eval:export as its users run it, on a run of //train.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kPictures = 4;  // of each class

class ExportProcessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const fs::path pictures = EmptyFolder("export_process_test") / "pictures";
    for (const char* part : {"train", "val"}) {
      for (const char* name : {"ants", "bees"}) {
        for (int i = 0; i < kPictures; ++i) {
          // Even, so that the middle lies on a pixel: another one is cropped differently there.
          const Image picture = MakePicture(40 + 2 * i, 32, i + name[0] + part[0]);
          WriteTestFile(pictures / part / name / absl::StrCat(i, ".png"), EncodePng(picture));
        }
      }
    }
    Train("run", {"model.patch_norms=false", "ema.horizon_fraction=0.5"});
    Train("with_norms", {});
  }

  static void Train(const std::string& name, const std::vector<std::string>& fields) {
    std::vector<std::string> command = {"train/train",
                                        "--device=cpu",
                                        "--config=imagenette",
                                        "threads=1",
                                        "model.num_classes=2",
                                        "model.width=32",
                                        "model.heads=2",
                                        "model.depth=2",
                                        "model.image_size=28",
                                        "data.batch_size=4",
                                        "schedule.iterations=8",
                                        "schedule.warmup_iterations=0",
                                        "checkpoint.every_iterations=8"};
    command.push_back(Path("--data_dir=", "pictures"));
    command.push_back(Path("--run_dir=", name));
    command.insert(command.end(), fields.begin(), fields.end());
    const ChildResult trained = RunChild(command);
    ASSERT_EQ(trained.status, 0) << trained.err;
  }

  static fs::path Folder() { return fs::path(::testing::TempDir()) / "export_process_test"; }

  static std::string Path(const std::string& flag, const std::string& name) {
    return absl::StrCat(flag, Folder().string(), "/", name);
  }

  static ChildResult Export(const std::string& checkpoint, const std::string& format,
                            const std::string& output, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"eval/export", Path("--checkpoint=", checkpoint),
                               absl::StrCat("--format=", format), Path("--output=", output)});
    return RunChild(more);
  }

  // Of the pictures of `val`.
  static TensorMap Predict(const std::string& checkpoint, std::vector<std::string> more = {}) {
    const std::string output = absl::StrCat(checkpoint, ".predictions.safetensors");
    fs::remove(Folder() / output);
    more.insert(more.begin(),
                {"eval/predict", "--device=cpu", "--inputs", Path("--checkpoint=", checkpoint),
                 Path("--images=", "pictures/val"), Path("--output=", output)});
    const ChildResult predicted = RunChild(more);
    EXPECT_EQ(predicted.status, 0) << predicted.err;
    return ReadSafetensors(Folder() / output).value();
  }

  static void ExpectSameBits(const TensorMap& a, const TensorMap& b) {
    for (const char* name : {"inputs", "features", "logits"}) {
      EXPECT_TRUE(a.at(name).equal(b.at(name))) << name;
    }
  }
};

TEST_F(ExportProcessTest, WhatWasExportedGivesTheSameBits) {
  const TensorMap expected = Predict("run");
  const at::Tensor& logits = expected.at("logits");
  EXPECT_EQ(logits.size(0), 2 * kPictures);
  EXPECT_GT(logits.std(0).max().item<double>(), 1e-3) << "all the same would prove nothing";
  for (const std::string format : {"timm", "huggingface"}) {
    const ChildResult exported = Export("run", format, format);
    ASSERT_EQ(exported.status, 0) << exported.err;
    EXPECT_THAT(exported.out, AllOf(HasSubstr("JPEG files are decoded whole"),
                                    EndsWith(absl::StrCat("/", format, "\n"))));
    ExpectSameBits(Predict(format), expected);
  }
}

TEST_F(ExportProcessTest, AnAverageIsExported) {
  ASSERT_EQ(Export("run", "timm", "average", {"--weights=ema"}).status, 0);
  ExpectSameBits(Predict("average"), Predict("run", {"--weights=ema"}));
  const ChildResult without = Export("run", "timm", "none", {"--weights=swa"});
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.err, HasSubstr("no average of weights"));
}

// Weights of another package go out as they came in.
TEST_F(ExportProcessTest, WhatWasExportedIsExportedAgain) {
  ASSERT_EQ(Export("run", "huggingface", "first").status, 0);
  ASSERT_EQ(Export("first", "huggingface", "second").status, 0);
  for (const char* name : {"model.safetensors", "config.json", "preprocessor_config.json"}) {
    EXPECT_EQ(ReadFile(Folder() / "first" / name).value(),
              ReadFile(Folder() / "second" / name).value())
        << name;
  }
}

TEST_F(ExportProcessTest, WhatAFormatCannotHoldIsRefusedInOneLine) {
  for (const std::string format : {"timm", "huggingface"}) {
    const ChildResult refused = Export("with_norms", format, "refused");
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err,
                AllOf(HasSubstr("checkpoints/000000008: model.patch_norms: no model of t"),
                      EndsWith("; --format=onnx can hold it\n")));
    EXPECT_FALSE(fs::exists(Folder() / "refused"));
  }
}

TEST_F(ExportProcessTest, MistakesInFlagsAreNamed) {
  const ChildResult format = Export("run", "tensorflow", "other");
  EXPECT_EQ(format.status, 2);
  EXPECT_THAT(format.err,
              HasSubstr("--format: must be one of timm, huggingface, onnx, not 'tensorflow'"));
  const ChildResult there = Export("run", "timm", "pictures");
  EXPECT_EQ(there.status, 2);
  EXPECT_THAT(there.err, HasSubstr("pictures is there already; take another name"));
  for (const auto& [output, message] : {std::pair("none/m.onnx", "none is no folder"),
                                        std::pair("new/", "is the name of a folder")}) {
    const ChildResult refused = Export("run", "onnx", output);
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("--output: "), HasSubstr(message)));
    EXPECT_EQ(refused.err.find(".partial"), std::string::npos) << refused.err;
  }
  const ChildResult absent = Export("nothing", "timm", "other");
  EXPECT_EQ(absent.status, 1);
  EXPECT_THAT(absent.err, HasSubstr("nothing: is not there"));
  EXPECT_EQ(RunChild({"eval/export", "--format=timm"}).status, 2);
}

// Whatever the name, nothing is half-written and nothing that was there is lost.
TEST_F(ExportProcessTest, OutputsThatCannotBeAreRefused) {
  const std::string checkpoint = Path("--checkpoint=", "run");
  WriteTestFile(Folder() / "file", "x");
  for (const std::string& output :
       {Folder().string(), std::string("/"), std::string("."), std::string(".."),
        (Folder() / "file").string(), (Folder() / "file/below").string(),
        std::string("/proc/nothing/here"), (Folder() / std::string(300, 'x')).string()}) {
    const ChildResult refused =
        RunChild({"eval/export", checkpoint, "--format=timm", absl::StrCat("--output=", output)});
    EXPECT_NE(refused.status, 0) << output;
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
  }
  EXPECT_EQ(ReadFile(Folder() / "file").value(), "x");
  for (const auto& entry : fs::directory_iterator(Folder())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
  }
  ASSERT_EQ(Export("run", "timm", "a/new/folder/").status, 0);
  EXPECT_TRUE(fs::exists(Folder() / "a/new/folder/config.json"));
}

}  // namespace
}  // namespace vitrine
