#include "train/checkpoint/import_checkpoint.h"

#include <filesystem>
#include <string>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/checkpoint/open_model.h"
#include "train/checkpoint/weight_files.h"
#include "vit/import/testing.h"
#include "vit/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A model's folder as transformers writes it, of a ViT of two blocks.
class ImportCheckpointTest : public ::testing::Test {
 protected:
  ImportCheckpointTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / "import" / test->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  void SetUp() override {
    tensors_ = LoadPackageModel("transformers_vit_5").weights;
    ASSERT_THAT(WriteSafetensors(folder_ / "model.safetensors", tensors_), IsOk());
    Write("config.json", R"({"model_type": "vit", "num_attention_heads": 2, "hidden_act": "gelu",
      "layer_norm_eps": 1e-12, "image_size": 8, "num_channels": 3,
      "id2label": {"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}})");
    Write("preprocessor_config.json", R"({"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 3],
      "do_resize": true, "size": {"height": 10, "width": 10}, "resample": 3,
      "do_center_crop": true, "crop_size": {"height": 8, "width": 8}})");
  }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_OK(WriteAtomically(folder_ / name, text));
  }

  absl::StatusOr<ImportedCheckpoint> Import() { return ImportCheckpoint(folder_, {}); }

  fs::path folder_;
  TensorMap tensors_;
};

TEST_F(ImportCheckpointTest, AFolderOfTransformersIsReadWithAllThatItSays) {
  Write("config.json", R"({"model_type": "vit", "num_attention_heads": 2, "hidden_act": "gelu",
      "layer_norm_eps": 1e-12, "id2label": {"0": "a", "1": "b", "2": "c", "3": "d\nd", "4": "e"}})");
  ASSERT_TRUE(IsWeightFiles(folder_));
  ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint imported, Import());
  const CheckpointManifest& manifest = imported.checkpoint.manifest;
  EXPECT_EQ(manifest.config().model().heads(), 2);
  EXPECT_EQ(manifest.config().model().layer_norm_epsilon(), 1e-12);
  EXPECT_THAT(manifest.class_names(), ElementsAre("a", "b", "c", "d\nd", "e"));
  EXPECT_THAT(manifest.config().data().mean(), ElementsAre(0.1f, 0.2f, 0.3f));
  const auto& crop = manifest.config().data().evaluation_transforms(0).resize_and_center_crop();
  EXPECT_EQ(crop.crop_fraction(), 0.8);
  EXPECT_TRUE(crop.stretch());
  EXPECT_TRUE(crop.decode_whole());
  EXPECT_TRUE(crop.round_down());
  EXPECT_EQ(crop.filter(), BICUBIC);
  EXPECT_THAT(imported.notes, ElementsAre("weights of transformers ViT"));
}

TEST_F(ImportCheckpointTest, AFolderOfTimmIsReadWithAllThatItSays) {
  fs::remove(folder_ / "preprocessor_config.json");
  ASSERT_THAT(WriteSafetensors(folder_ / "model.safetensors", LoadPackageModel("timm_vit").weights),
              IsOk());
  const auto write = [&](const std::string& pool) {
    Write("config.json", R"({"architecture": "vit", "global_pool": ")" + pool + R"(",
      "model_args": {"num_heads": 2}, "pretrained_cfg": {"input_size": [3, 8, 8],
      "crop_pct": 0.9, "interpolation": "bicubic", "mean": [0.1, 0.2, 0.3], "std": [1, 2, 3]}})");
  };
  write("avg");
  ExperimentConfig given;
  // floor(8 / 0.9) is 8 and floor(12 / 0.9) is 13, of which 12 is this fraction.
  for (const auto& [side, fraction] : {std::pair(8, 1.0), {12, 12 / 13.0}}) {
    given.mutable_model()->set_image_size(side);
    ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint imported, ImportCheckpoint(folder_, given));
    const ExperimentConfig& config = imported.checkpoint.manifest.config();
    EXPECT_EQ(config.model().pooling(), ModelConfig::MEAN);
    const auto& crop = config.data().evaluation_transforms(0).resize_and_center_crop();
    EXPECT_EQ(crop.crop_fraction(), fraction);
    EXPECT_FALSE(crop.stretch());
    EXPECT_FALSE(crop.round_down());
    EXPECT_EQ(crop.filter(), BICUBIC);
    EXPECT_THAT(config.data().std(), ElementsAre(1, 2, 3));
  }
  given.mutable_model()->clear_image_size();
  Write("config.json", R"({"architecture": "vit_base_patch16_clip_224", "model_args":
    {"num_heads": 2, "act_layer": "gelu_tanh", "img_size": [8, 8]}})");
  ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint clip, ImportCheckpoint(folder_, given));
  const ModelConfig& model = clip.checkpoint.manifest.config().model();
  EXPECT_EQ(model.activation(), ModelConfig::GELU_TANH);
  EXPECT_EQ(model.layer_norm_epsilon(), 1e-5);
  write("map");
  EXPECT_THAT(Import(), Fails(absl::StatusCode::kDataLoss,
                              HasSubstr("global_pool: map is neither token nor avg")));
}

// Of transformers' processors of these models, one takes a number for the shorter side.
TEST_F(ImportCheckpointTest, ANumberForASizeMeansWhatItsProcessorTakesItFor) {
  for (const auto& [type, stretches] :
       {std::pair("ViTImageProcessor", true), {"BitImageProcessorFast", false}}) {
    Write("preprocessor_config.json",
          R"({"size": 10, "crop_size": 8, "image_processor_type": ")" + std::string(type) + "\"}");
    ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint imported, Import());
    const DataConfig& data = imported.checkpoint.manifest.config().data();
    EXPECT_EQ(data.evaluation_transforms(0).resize_and_center_crop().stretch(), stretches) << type;
  }
}

TEST_F(ImportCheckpointTest, AFileAloneLeavesMoreForGranted) {
  ExperimentConfig given;
  given.mutable_model()->set_heads(2);
  ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint imported,
                       ImportCheckpoint(folder_ / "model.safetensors", given));
  EXPECT_EQ(imported.checkpoint.manifest.class_names_size(), 5);
}

TEST_F(ImportCheckpointTest, PositionsAreResampledToWhatTheProcessorMakes) {
  Write("preprocessor_config.json", R"({"size": {"shortest_edge": 18}, "do_center_crop": true,
      "crop_size": {"height": 12, "width": 12}})");
  ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint processed, Import());
  EXPECT_EQ(processed.checkpoint.manifest.config().model().image_size(), 12);
  EXPECT_THAT(processed.notes,
              Contains("position_embedding: resampled from 2 x 2 patches to 3 x 3"));
  ExperimentConfig given;
  given.mutable_model()->set_image_size(8);
  given.mutable_model()->set_image_width(16);
  ASSERT_OK_AND_ASSIGN(const ImportedCheckpoint wide, ImportCheckpoint(folder_, given));
  EXPECT_EQ(wide.checkpoint.manifest.config().model().image_width(), 16);
  EXPECT_EQ(wide.checkpoint.model.at("position_embedding").size(1), 1 + 2 * 4);
  given.mutable_model()->set_image_width(10);
  EXPECT_THAT(ImportCheckpoint(folder_, given),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("does not divide")));
}

TEST_F(ImportCheckpointTest, PartsOfAnIndexAreOneModel) {
  TensorMap first, second;
  std::string map;
  for (const auto& [name, tensor] : tensors_) {
    const bool in_first = first.size() < tensors_.size() / 2;
    (in_first ? first : second).emplace(name, tensor);
    map += (map.empty() ? "\"" : ", \"") + name + "\": \"model-0000" + (in_first ? "1" : "2") +
           "-of-00002.safetensors\"";
  }
  fs::remove(folder_ / "model.safetensors");
  ASSERT_THAT(WriteSafetensors(folder_ / "model-00001-of-00002.safetensors", first), IsOk());
  ASSERT_THAT(WriteSafetensors(folder_ / "model-00002-of-00002.safetensors", second), IsOk());
  Write("model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
  EXPECT_THAT(Import(), IsOk());
  Write("model.safetensors.index.json", "{\"weight_map\": {" + map + ", \"x\": \"../y\"}}");
  EXPECT_THAT(Import(), Fails(absl::StatusCode::kDataLoss,
                              HasSubstr("x is in '../y', which is no file beside the index")));
  Write("model.safetensors.index.json",
        "{\"weight_map\": {" + map + ", \"x\": \"model-00001-of-00002.safetensors\"}}");
  EXPECT_THAT(Import(), Fails(absl::StatusCode::kDataLoss, HasSubstr("has no tensor x")));
  for (const char* bad : {"", "[]", "{}", "{\"weight_map\": {}}", "{\"weight_map\": {\"a\": 1}}"}) {
    Write("model.safetensors.index.json", bad);
    EXPECT_THAT(Import(), Fails(absl::StatusCode::kDataLoss, HasSubstr("index.json"))) << bad;
  }
}

TEST_F(ImportCheckpointTest, PicklesAreRefusedWithTheirConversion) {
  fs::remove(folder_ / "model.safetensors");
  Write("pytorch_model.bin", "x");
  EXPECT_THAT(
      OpenModel(folder_),
      Fails(absl::StatusCode::kUnimplemented,
            AllOf(HasSubstr("a pickle"), HasSubstr("python3 -c"),
                  HasSubstr("pytorch_model.bin' '" + (folder_ / "model.safetensors").string()))));
  for (const char* name : {"a.pth", "a.pth.tar", "a.npz", "a.onnx"}) {
    Write(name, "x");
    EXPECT_THAT(OpenModel(folder_ / name),
                Fails(absl::StatusCode::kUnimplemented, HasSubstr(name)));
  }
  Write("it's.pth", "x");
  EXPECT_THAT(OpenModel(folder_ / "it's.pth").status().message(), HasSubstr("it'\\''s.pth' "));
}

TEST_F(ImportCheckpointTest, WhatIsNoModelIsSaidToBeThat) {
  const auto why = [](const fs::path& path) {
    return std::string(FindModel(path).status().message());
  };
  EXPECT_THAT(why(folder_ / "nothing"), HasSubstr("nothing: is not there"));
  EXPECT_THAT(why("timm/vit_tiny_patch16_224"), HasSubstr("hf download timm/vit_tiny_patch16_224"));
  fs::create_symlink("nowhere", folder_ / "link");
  EXPECT_THAT(why(folder_ / "link"), HasSubstr("link: is not there"));
  EXPECT_THAT(why(folder_ / "config.json"), HasSubstr("is no safetensors file; give the folder"));
  fs::rename(folder_ / "model.safetensors", folder_ / "open_clip_model.safetensors");
  EXPECT_THAT(why(folder_),
              HasSubstr("give " + (folder_ / "open_clip_model.safetensors").string()));
  fs::create_directories(folder_ / "cache/snapshots/abc");
  EXPECT_THAT(why(folder_ / "cache"),
              HasSubstr("give " + (folder_ / "cache/snapshots/abc").string()));
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(why(folder_ / "empty"), HasSubstr("nor weights (no model.safetensors)"));
}

TEST_F(ImportCheckpointTest, TheWholeIsTakenBeforeAnIndexBesideIt) {
  Write("model.safetensors.index.json", R"({"weight_map": {"x": "gone.safetensors"}})");
  EXPECT_THAT(Import(), IsOk());
}

TEST_F(ImportCheckpointTest, BadDescriptionsAreNamed) {
  for (const auto& [text, why] :
       {std::pair("{", "is no JSON object"),
        {R"({"model_type": "swin"})", "model_type: swin is none of vit"},
        {R"({"model_type": "vit", "num_attention_heads": "2"})",
         "num_attention_heads: is no whole number"},
        {R"({"model_type": "vit", "num_attention_heads": -1})", "out of range"},
        {R"({"model_type": "vit", "num_attention_heads": 2, "hidden_act": "swish"})",
         "hidden_act: swish is none of"},
        {R"({"model_type": "vit", "num_attention_heads": 2, "id2label": {"1": "a"}})",
         "id2label: does not name"},
        {R"({"model_type": "vit\n", "num_attention_heads": 2})", "model_type: vit\\n is none of"},
        {R"({"model_type": "vit", "num_attention_heads": 2, "image_size": 12})",
         "5 positions are not those"}}) {
    Write("config.json", text);
    EXPECT_THAT(Import().status().message(), AllOf(HasSubstr(why), Not(HasSubstr("\n")))) << text;
  }
}

TEST_F(ImportCheckpointTest, NormalizationMustBeOfTheModel) {
  for (const char* bad :
       {R"("image_mean": [0.5], "image_std": [0.5])", R"("image_std": [1, 2, 3])",
        R"("image_mean": [1, 2, 3])", R"("image_mean": [1, 2, 3], "image_std": [1, 0, 1])",
        R"("image_mean": [1, 2, 3, 4], "image_std": [1, 2, 3, 4])"}) {
    Write("preprocessor_config.json", "{\"size\": 8, " + std::string(bad) + "}");
    EXPECT_THAT(Import(), Fails(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr(folder_.string()), HasSubstr("data.std"),
                                      HasSubstr("as in data.mean=[0.5,0.5,0.5]"))))
        << bad;
    ExperimentConfig given;
    for (int i = 0; i < 3; ++i) {
      given.mutable_data()->add_mean(0.5);
      given.mutable_data()->add_std(0.5);
    }
    EXPECT_THAT(ImportCheckpoint(folder_, given), IsOk()) << bad;
  }
}

TEST_F(ImportCheckpointTest, ACheckpointWithoutItsManifestIsNoImport) {
  ASSERT_THAT(WriteSafetensors(folder_ / "model.safetensors", MakeModel(SmallConfig()).Tensors()),
              IsOk());
  EXPECT_THAT(Import(), Fails(absl::StatusCode::kDataLoss, HasSubstr("without the manifest.pb")));
}

TEST_F(ImportCheckpointTest, TruncatedWeightsAreRefused) {
  ASSERT_OK_AND_ASSIGN(const std::string whole, ReadFile(folder_ / "model.safetensors"));
  for (const size_t size : {size_t{0}, size_t{7}, size_t{100}, whole.size() - 1}) {
    Write("model.safetensors", whole.substr(0, size));
    EXPECT_THAT(Import(), Not(IsOk())) << size;
    EXPECT_THAT(Import().status().message(), HasSubstr("model.safetensors")) << size;
  }
}

}  // namespace
}  // namespace vitrine
