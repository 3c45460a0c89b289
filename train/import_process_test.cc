// From another package's folder to predictions, to fine-tuning and to a linear probe, as a user
// does it.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/jpeg.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/checkpoint/checkpoint.h"
#include "train/testing.h"
#include "vit/import/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ImportProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const TensorMap weights = LoadPackageModel("transformers_vit_5").weights;
    fs::create_directories(folder_ / "vit");
    ASSERT_OK(WriteSafetensors(folder_ / "vit/model.safetensors", weights));
    WriteTestFile(folder_ / "vit/config.json", R"({"model_type": "vit", "num_attention_heads": 2,
      "hidden_act": "gelu", "layer_norm_eps": 1e-12, "image_size": 8,
      "id2label": {"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}})");
    WriteTestFile(folder_ / "vit/preprocessor_config.json",
                  R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2,
      "size": {"height": 8, "width": 8}})");
    WritePictures("pictures", {"cat", "dog"});
  }

  // Of each class in both parts.
  void WritePictures(const std::string& name, const std::vector<std::string>& classes) const {
    const size_t count = 8 + std::max<size_t>(classes.size(), 4);
    for (size_t i = 0; i < count; ++i) {
      const char* part = i < 8 ? "train" : "val";
      WriteTestFile(folder_ / name / part / classes[i % classes.size()] / absl::StrCat(i, ".jpg"),
                    EncodeJpeg(MakePicture(20 + i, 30 - i, i), 90));
    }
  }

  ChildResult Import(const std::string& override = "seed=1") const {
    return RunChild(
        {"train/import", Flag("--weights=", "vit"), Flag("--output=", "checkpoint"), override});
  }

  ChildResult Predict(const std::string& checkpoint, const std::string& output) const {
    return RunChild({"eval/predict", "--device=cpu", Flag("--checkpoint=", checkpoint),
                     Flag("--images=", "pictures/val"), Flag("--output=", output), "--inputs"});
  }

  ChildResult Train(const std::string& config, const std::string& run,
                    const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {"train/train",
                                        "--noreport",
                                        "--device=cpu",
                                        "threads=1",
                                        absl::StrCat("--config=", config),
                                        Flag("--init_from=", "vit"),
                                        Flag("--data_dir=", "pictures"),
                                        Flag("--run_dir=", run),
                                        "data.batch_size=4",
                                        "schedule.epochs=2"};
    command.insert(command.end(), more.begin(), more.end());
    return RunChild(command);
  }

  std::string Flag(const char* name, const std::string& path) const {
    return absl::StrCat(name, (folder_ / path).string());
  }

  const fs::path folder_ = EmptyFolder("import_process_test");
};

TEST_F(ImportProcessTest, AFolderPredictsAsItsCheckpoint) {
  const ChildResult imported = Import();
  ASSERT_EQ(imported.status, 0) << imported.err;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("weights of transformers ViT"), HasSubstr("depth: 2")));
  const ChildResult direct = Predict("vit", "direct.safetensors");
  const ChildResult other = Predict("checkpoint", "other.safetensors");
  ASSERT_EQ(direct.status, 0) << direct.err;
  ASSERT_EQ(other.status, 0) << other.err;
  EXPECT_EQ(direct.out, other.out);
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors, ReadSafetensors(folder_ / "direct.safetensors"));
  ASSERT_OK_AND_ASSIGN(const TensorMap same, ReadSafetensors(folder_ / "other.safetensors"));
  ASSERT_EQ(tensors.at("logits").sizes(), (std::vector<int64_t>{4, 5}));
  ASSERT_EQ(tensors.at("features").sizes(), (std::vector<int64_t>{4, 8}));
  ASSERT_EQ(tensors.at("inputs").sizes(), (std::vector<int64_t>{4, 3, 8, 8}));
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(tensor.equal(same.at(name))) << name;
  EXPECT_THAT(Import().err, HasSubstr("is there already; take another name"));
}

TEST_F(ImportProcessTest, AFolderIsEvaluatedOnPicturesOfItsClasses) {
  WritePictures("kinds", {"a", "b", "c", "d", "e"});
  ASSERT_EQ(Import().status, 0);
  for (const char* model : {"vit", "checkpoint"}) {
    const ChildResult result = RunChild(
        {"eval/eval", "--device=cpu", Flag("--checkpoint=", model), Flag("--data_dir=", "kinds")});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("top-1"));
  }
}

TEST_F(ImportProcessTest, FineTuningTakesClassesAndFramingByItself) {
  const ChildResult result = Train("finetune", "tuned");
  ASSERT_EQ(result.status, 0) << result.err;
  const std::vector<std::string> said = absl::StrSplit(result.err, "weights of transformers ViT");
  EXPECT_EQ(said.size(), 2) << "the weights are read once: " << result.err;
  ASSERT_OK_AND_ASSIGN(const fs::path found, FindCheckpoint(folder_ / "tuned"));
  ASSERT_OK_AND_ASSIGN(const Checkpoint tuned, ReadModelOnly(found));
  const ExperimentConfig& config = tuned.manifest.config();
  EXPECT_EQ(config.model().num_classes(), 2);
  EXPECT_EQ(config.model().image_size(), 8);
  EXPECT_EQ(config.model().layer_norm_epsilon(), 1e-12);
  EXPECT_EQ(config.data().mean(0), 0.5F);
  EXPECT_TRUE(config.data().evaluation_transforms(0).resize_and_center_crop().stretch());
  const ChildResult predicted = Predict("tuned", "tuned.safetensors");
  EXPECT_EQ(predicted.status, 0) << predicted.err;
  EXPECT_THAT(predicted.out, HasSubstr("cat"));
}

// Numbers stand for the classes that nobody named, and are not the folders of such names.
TEST_F(ImportProcessTest, ClassesWithoutANameAreNotThoseOfAFolder) {
  WritePictures("pictures", {"0", "1", "2", "3", "4"});
  for (const char* part : {"train", "val"}) {
    for (const char* label : {"cat", "dog"}) fs::remove_all(folder_ / "pictures" / part / label);
  }
  fs::remove(folder_ / "vit/config.json");
  const ChildResult result = Train("finetune", "tuned", {"model.heads=2"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("head.weight: new"));
}

TEST_F(ImportProcessTest, DryRunRefusesWhatTheRunWould) {
  for (const auto& [wish, why] :
       {std::pair("model.depth=1", "model.depth: 2 in the checkpoint, 1 in the model"),
        {"optimizer.frozen=[\"x*\"]", "optimizer.frozen: no parameter is named 'x*'"},
        {"optimizer.frozen=[\"*\"]", "optimizer.frozen: no parameter is left to train"}}) {
    const ChildResult run = Train("finetune", "run", {wish});
    EXPECT_THAT(run.err, HasSubstr(why));
    const ChildResult dry = Train("finetune", "run", {wish, "--dry_run"});
    EXPECT_THAT(dry.err, HasSubstr(why));
    EXPECT_EQ(dry.status, run.status) << wish;
  }
  EXPECT_EQ(Train("finetune", "run", {"--dry_run"}).status, 0);
  EXPECT_EQ(Train("finetune", "run", {"--dry_run", "--data_dir="}).status, 0);
}

TEST_F(ImportProcessTest, ConfigsWithoutAModelNeedOne) {
  for (const char* config : {"finetune", "linear_probe"}) {
    const ChildResult result = Train(config, "run", {"--init_from="});
    EXPECT_THAT(result.err, HasSubstr("--init_from: needs a model")) << config;
    EXPECT_FALSE(fs::exists(folder_ / "run"));
  }
}

TEST_F(ImportProcessTest, WhatAnImportHasNotIsNotPredictedWith) {
  const std::vector<std::string> predict = {"eval/predict", "--device=cpu",
                                            Flag("--checkpoint=", "vit"),
                                            Flag("--images=", "pictures/val")};
  std::vector<std::string> averaged = predict;
  averaged.emplace_back("--weights=ema");
  EXPECT_THAT(RunChild(averaged).err,
              HasSubstr("weights of another package, which has no averages"));
  TensorMap headless = LoadPackageModel("transformers_vit_5").weights;
  std::erase_if(headless, [](const auto& entry) { return entry.first.starts_with("classifier."); });
  ASSERT_OK(WriteSafetensors(folder_ / "vit/model.safetensors", headless));
  EXPECT_THAT(RunChild(predict).err, HasSubstr("has no head that tells classes apart"));
  EXPECT_EQ(Predict("vit", "features.safetensors").status, 0);
}

TEST_F(ImportProcessTest, LinearProbeTrainsTheHeadAlone) {
  const ChildResult result = Train("linear_probe", "probe");
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_EQ(Import().status, 0);
  ASSERT_OK_AND_ASSIGN(const Checkpoint before, ReadModelOnly(folder_ / "checkpoint"));
  ASSERT_OK_AND_ASSIGN(const fs::path found, FindCheckpoint(folder_ / "probe"));
  ASSERT_OK_AND_ASSIGN(const Checkpoint probe, ReadModelOnly(found));
  for (const auto& [name, tensor] : before.model) {
    if (name.starts_with("head.")) continue;
    EXPECT_TRUE(tensor.equal(probe.model.at(name))) << name;
  }
  EXPECT_GT(probe.model.at("head.weight").abs().max().item<float>(), 0);
}

// A run's wishes do not make another model of the same weights.
TEST_F(ImportProcessTest, WhatTheFilesSayIsNotOverriddenByARun) {
  EXPECT_THAT(Train("finetune", "run", {"model.heads=4"}).err,
              HasSubstr("model.heads: 2 in the checkpoint, 4 in the model"));
}

TEST_F(ImportProcessTest, WhatDoesNotFollowIsAskedForAndTaken) {
  fs::remove(folder_ / "vit/config.json");
  const ChildResult asked = Predict("vit", "none.safetensors");
  EXPECT_EQ(asked.status, 1);
  EXPECT_THAT(
      asked.err,
      HasSubstr("model.heads: does not follow from the tensors; give it, as in model.heads=3"));
  EXPECT_FALSE(fs::exists(folder_ / "none.safetensors"));
  const ChildResult given = Import("model.heads=2");
  EXPECT_EQ(given.status, 0) << given.err;
  EXPECT_THAT(given.out, HasSubstr("classes: have no names, so they are numbers"));
  const ChildResult trained =
      Train("finetune", "run", {"model.heads=2", "model.activation=QUICK_GELU"});
  EXPECT_EQ(trained.status, 0) << trained.err;
}

}  // namespace
}  // namespace vitrine
