// What is exported is read in again, by the reader of the packages' own files.

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "ATen/ops/equal.h"
#include "ATen/ops/zeros.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/file.h"
#include "base/files/json.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "eval/formats/timm.h"
#include "eval/formats/transformers.h"
#include "eval/weights.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "train/checkpoint/import_checkpoint.h"
#include "vit/import/import_model.h"
#include "vit/import/testing.h"
#include "vit/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

using MakeFolder = absl::StatusOr<ExportedFolder> (*)(const SavedWeights&);

ResizeAndCenterCrop* SetCrop(DataConfig* data) {
  data->clear_evaluation_transforms();
  auto* crop = data->add_evaluation_transforms()->mutable_resize_and_center_crop();
  crop->set_crop_fraction(1);
  crop->set_filter(BICUBIC);
  crop->set_stretch(false);
  crop->set_decode_whole(true);
  crop->set_round_down(false);
  return crop;
}

// Pictures as a reader of other packages' files would describe them.
DataConfig SomeData(int channels) {
  DataConfig data;
  data.set_source(DataConfig::IMAGE_FOLDER);
  for (int i = 0; i < channels; ++i) {
    data.add_mean(0.485f - 0.03f * static_cast<float>(i));
    data.add_std(0.229f);
  }
  SetCrop(&data);
  return data;
}

SavedWeights Saved(const ModelConfig& config, TensorMap tensors) {
  SavedWeights saved{.manifest = {}, .tensors = std::move(tensors)};
  *saved.manifest.mutable_config()->mutable_model() = config;
  *saved.manifest.mutable_config()->mutable_data() = SomeData(config.channels());
  for (int i = 0; i < config.num_classes(); ++i) {
    saved.manifest.add_class_names(absl::StrCat("class ", i));
  }
  return saved;
}

DataConfig& Data(SavedWeights& saved) { return *saved.manifest.mutable_config()->mutable_data(); }

// One that both formats hold.
ModelConfig PlainConfig() {
  ModelConfig config = SmallConfig();
  config.set_channels(3);
  config.set_patch_norms(false);
  config.set_layer_norm_epsilon(1e-6);
  return config;
}

SavedWeights SavedOf(const ModelConfig& config) {
  return Saved(config, MakeModel(config).Tensors());
}

class ExportTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }

  // Written, and read by what reads the packages' own.
  ImportedCheckpoint Reread(const ExportedFolder& exported) {
    fs::remove_all(folder_);
    EXPECT_OK(WriteExportedFolder(folder_, exported));
    absl::StatusOr<ImportedCheckpoint> read = ImportCheckpoint(folder_, {});
    EXPECT_OK(read);
    return read.ok() ? *std::move(read) : ImportedCheckpoint{};
  }

  void ExpectSameConfig(const ImportedCheckpoint& read, const SavedWeights& saved) {
    const ExperimentConfig& actual = read.checkpoint.manifest.config();
    const ExperimentConfig& expected = saved.manifest.config();
    EXPECT_TRUE(MessageDifferencer::Equals(actual.model(), expected.model()))
        << actual.model().ShortDebugString() << "\n"
        << expected.model().ShortDebugString();
    EXPECT_TRUE(MessageDifferencer::Equals(actual.data(), expected.data()))
        << actual.data().ShortDebugString() << "\n"
        << expected.data().ShortDebugString();
    EXPECT_THAT(read.checkpoint.manifest.class_names(),
                ::testing::ElementsAreArray(saved.manifest.class_names()));
    // Nothing has to be guessed.
    EXPECT_THAT(absl::StrJoin(read.notes, "\n"), Not(HasSubstr("taken to be")));
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "export_test";
};

class FixtureTest : public ExportTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void Check(MakeFolder make, bool round_down) {
    const std::string& name = GetParam();
    ModelConfig known;
    known.set_heads(2);
    known.set_image_size(8);
    if (absl::EndsWith(name, "_wide")) known.set_image_width(12);
    if (absl::StrContains(name, "quickgelu")) known.set_activation(ModelConfig::QUICK_GELU);
    known.set_layer_norm_epsilon(absl::StrContains(name, "clip") ? 1e-5 : 1e-6);
    ASSERT_OK_AND_ASSIGN(const ImportedModel model,
                         ImportModel(LoadPackageModel(name).weights, known));
    SavedWeights saved = Saved(model.config, model.tensors);
    auto* crop = Data(saved).mutable_evaluation_transforms(0)->mutable_resize_and_center_crop();
    crop->set_round_down(round_down);
    // A shape that is kept goes with squares alone in transformers.
    crop->set_stretch(model.config.has_image_width());
    const auto exported = make(saved);
    if (!exported.ok()) {
      // export_model_test says which.
      EXPECT_THAT(exported, Fails(absl::StatusCode::kFailedPrecondition, StartsWith("model.")));
      return;
    }
    const ImportedCheckpoint read = Reread(*exported);
    if (exported->notes.size() > 1) return;
    ExpectSameConfig(read, saved);
    ASSERT_OK(CheckSameTensors(read.checkpoint.model, saved.tensors));
    for (const auto& [tensor, values] : saved.tensors) {
      EXPECT_TRUE(at::equal(read.checkpoint.model.at(tensor), values)) << tensor;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Models, FixtureTest, ::testing::ValuesIn(PackageModelNames()),
                         [](const auto& info) { return info.param; });

TEST_P(FixtureTest, TimmIsReadAgain) { Check(&TimmFolder, /*round_down=*/false); }

TEST_P(FixtureTest, TransformersIsReadAgain) { Check(&TransformersFolder, /*round_down=*/true); }

struct CropCase {
  std::string name;
  double fraction;
  bool stretch;
  Interpolation filter;
  std::string processor;
};

class CropTest : public ExportTest, public ::testing::WithParamInterface<CropCase> {
 protected:
  SavedWeights Make(bool round_down) {
    ModelConfig config = PlainConfig();
    config.set_image_size(56);
    SavedWeights saved = SavedOf(config);
    auto* crop = SetCrop(&Data(saved));
    crop->set_crop_fraction(GetParam().fraction);
    crop->set_stretch(GetParam().stretch);
    crop->set_filter(GetParam().filter);
    crop->set_round_down(round_down);
    return saved;
  }

  void ExpectSameData(const ExportedFolder& exported, SavedWeights saved) {
    EXPECT_THAT(exported.notes, ElementsAre(HasSubstr("Exif")));
    const ImportedCheckpoint read = Reread(exported);
    EXPECT_TRUE(MessageDifferencer::Equals(read.checkpoint.manifest.config().data(), Data(saved)))
        << read.checkpoint.manifest.config().data().ShortDebugString();
  }
};

INSTANTIATE_TEST_SUITE_P(
    Crops, CropTest,
    ::testing::Values(CropCase{"Whole", 1, true, BILINEAR, "ViTImageProcessor"},
                      CropCase{"Stretched", 0.875, true, BICUBIC, "DeiTImageProcessor"},
                      CropCase{"Middle", 1, false, BICUBIC, "BitImageProcessor"},
                      CropCase{"Cropped", 0.875, false, BILINEAR, "BitImageProcessor"},
                      CropCase{"OddRest", 56.0 / 61, false, BILINEAR, "BitImageProcessor"}),
    [](const auto& info) { return info.param.name; });

TEST_P(CropTest, OfTimmIsTheSame) {
  const SavedWeights saved = Make(/*round_down=*/false);
  ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TimmFolder(saved));
  ExpectSameData(exported, saved);
}

TEST_P(CropTest, OfTransformersIsTheSame) {
  const SavedWeights saved = Make(/*round_down=*/true);
  ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TransformersFolder(saved));
  EXPECT_EQ(exported.files.at("preprocessor_config.json")["image_processor_type"],
            GetParam().processor);
  ExpectSameData(exported, saved);
}

// floor(size / crop_pct) of timm is round(size / crop_fraction) of ours, for every fraction.
TEST_F(ExportTest, TimmResizesToTheSameSize) {
  ModelConfig config = PlainConfig();
  config.set_image_size(224);
  config.set_patch_size(16);
  SavedWeights saved = SavedOf(config);
  for (int percent = 10; percent <= 100; ++percent) {
    const double fraction = percent / 100.0;
    SetCrop(&Data(saved))->set_crop_fraction(fraction);
    ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TimmFolder(saved));
    const double theirs = exported.files.at("config.json")["pretrained_cfg"]["crop_pct"];
    EXPECT_EQ(std::floor(224 / theirs), std::nearbyint(224 / fraction)) << percent;
  }
}

// Of pictures of two sides, where there is such a fraction.
TEST_F(ExportTest, TimmResizesBothSides) {
  ModelConfig config = PlainConfig();
  config.set_image_size(160);
  config.set_image_width(224);
  config.set_patch_size(16);
  SavedWeights saved = SavedOf(config);
  SetCrop(&Data(saved))->set_crop_fraction(160 / 177.0);
  ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TimmFolder(saved));
  EXPECT_THAT(exported.notes, ElementsAre(HasSubstr("Exif")));
  const double theirs = exported.files.at("config.json")["pretrained_cfg"]["crop_pct"];
  EXPECT_EQ(std::floor(160 / theirs), 177);
  EXPECT_EQ(std::floor(224 / theirs), 248);
  EXPECT_EQ(Reread(exported)
                .checkpoint.manifest.config()
                .data()
                .evaluation_transforms(0)
                .resize_and_center_crop()
                .crop_fraction(),
            160 / 177.0);
  SetCrop(&Data(saved))->set_crop_fraction(0.891);
  ASSERT_OK_AND_ASSIGN(const ExportedFolder other, TimmFolder(saved));
  EXPECT_THAT(
      other.notes,
      Contains(HasSubstr("pictures are resized to 252 x 180 pixels there, and to 251 x 180")));
}

TEST_F(ExportTest, NumbersAreThoseThatPeopleWrite) {
  SavedWeights saved = SavedOf(PlainConfig());
  Data(saved).clear_mean();
  Data(saved).clear_std();
  Data(saved).set_normalization(DataConfig::IMAGENET_STATS);
  ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TimmFolder(saved));
  EXPECT_EQ(exported.files.at("config.json")["pretrained_cfg"]["mean"].dump(),
            "[0.485,0.456,0.406]");
}

TEST_F(ExportTest, ArchitectureIsOneThatTimmHas) {
  const auto architecture = [](const ModelConfig& config) -> std::string {
    return TimmFolder(SavedOf(config))->files.at("config.json")["architecture"];
  };
  ModelConfig config = PlainConfig();
  EXPECT_EQ(architecture(config), "vit_base_patch16_224");  // of other sizes
  config.set_width(192);
  config.set_depth(12);
  config.set_heads(3);
  config.set_patch_size(16);
  config.set_image_size(16);
  EXPECT_EQ(architecture(config), "vit_tiny_patch16_224");
  config.set_layer_norm_epsilon(1e-5);
  EXPECT_EQ(architecture(config), "vit_base_patch16_clip_224");
  config = PlainConfig();
  config.set_distillation_token(true);
  EXPECT_EQ(architecture(config), "deit_base_distilled_patch16_224");
  config = PlainConfig();
  config.set_activation(ModelConfig::SWIGLU);
  EXPECT_EQ(architecture(config), "vit_giant_patch14_dinov2");
}

TEST_F(ExportTest, WidthOfTheMlpSurvivesItsRatio) {
  for (const int width : {16, 48, 192, 1408}) {
    for (int hidden = 1; hidden < 200; ++hidden) {
      ModelConfig config = PlainConfig();
      config.set_depth(1);
      config.set_heads(1);
      config.set_width(width);
      config.set_mlp_width(hidden);
      SavedWeights saved = Saved(config, {});
      ASSERT_OK_AND_ASSIGN(const VisionTransformer model,
                           VisionTransformer::CreateShapesOnly(config));
      for (const auto& [name, tensor] : model.Tensors()) {
        saved.tensors[name] = at::zeros(tensor.sizes());
      }
      ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TimmFolder(saved));
      const double ratio = exported.files.at("config.json")["model_args"]["mlp_ratio"];
      ASSERT_EQ(static_cast<int>(width * ratio), hidden) << width;
    }
  }
}

TEST_F(ExportTest, RefusalsNameTheFormatThatCan) {
  ModelConfig config = PlainConfig();
  config.set_patch_norms(true);
  for (const MakeFolder make : {&TimmFolder, &TransformersFolder}) {
    EXPECT_THAT(make(SavedOf(config)),
                Fails(absl::StatusCode::kFailedPrecondition,
                      ::testing::AllOf(StartsWith("model.patch_norms: no model of t"),
                                       EndsWith("; train with model.patch_norms=false; "
                                                "--format=onnx can hold it"))));
  }
  config = PlainConfig();
  config.set_pooling(ModelConfig::CLASS_AND_MEAN);
  EXPECT_THAT(TimmFolder(SavedOf(config)),
              Fails(absl::StatusCode::kFailedPrecondition,
                    "model.pooling: CLASS_AND_MEAN, which no model of timm does; "
                    "--format=huggingface can hold it"));
  config = PlainConfig();
  config.set_pooling(ModelConfig::MEAN);
  EXPECT_THAT(TransformersFolder(SavedOf(config)),
              Fails(absl::StatusCode::kFailedPrecondition,
                    ::testing::AllOf(StartsWith("model.class_token: "),
                                     EndsWith("; --format=timm can hold it"))));
}

TEST_F(ExportTest, PreprocessingThatCannotBeSaidIsRefused) {
  SavedWeights saved = SavedOf(PlainConfig());
  Data(saved).add_evaluation_transforms()->mutable_horizontal_flip();
  for (const MakeFolder make : {&TimmFolder, &TransformersFolder}) {
    EXPECT_THAT(make(saved), Fails(absl::StatusCode::kInvalidArgument,
                                   "data.evaluation_transforms: are more than one "
                                   "resize_and_center_crop, all that can be exported"));
  }
  ModelConfig config = PlainConfig();
  config.set_image_width(12);
  saved = SavedOf(config);
  ASSERT_OK(TimmFolder(saved));
  EXPECT_THAT(TransformersFolder(saved),
              Fails(absl::StatusCode::kFailedPrecondition,
                    HasSubstr("keeps a picture's shape and makes 12 x 8 pixels of it; "
                              "--format=timm can hold it")));
}

TEST_F(ExportTest, SaysWhatIsDoneALittleDifferently) {
  ModelConfig config = PlainConfig();
  config.set_channels(1);
  SavedWeights saved = SavedOf(config);
  SetCrop(&Data(saved))->set_decode_whole(false);
  ASSERT_OK_AND_ASSIGN(const ExportedFolder timm, TimmFolder(saved));
  EXPECT_THAT(timm.notes, UnorderedElementsAre(HasSubstr("PIL.ImageOps.exif_transpose"),
                                               HasSubstr("JPEG files are decoded whole"),
                                               HasSubstr("pictures have to be made grey")));
  ASSERT_OK_AND_ASSIGN(const ExportedFolder other, TransformersFolder(saved));
  EXPECT_THAT(other.notes, Contains(HasSubstr("begins at the first of them there")));
  EXPECT_THAT(other.notes, Contains(HasSubstr("as arrays [height, width, 1]")));
}

TEST_F(ExportTest, PicturesOfOtherChannelsAreNoted) {
  ModelConfig config = PlainConfig();
  config.set_channels(4);
  for (const MakeFolder make : {&TimmFolder, &TransformersFolder}) {
    ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, make(SavedOf(config)));
    EXPECT_THAT(exported.notes, Contains(HasSubstr("model.channels: 4; no picture file has")));
  }
}

// Of every class of theirs.
TEST_F(ExportTest, AModelWithoutAHeadIsExportedWithoutOne) {
  for (const int registers : {0, 1, 2}) {
    for (const double layer_scale : {0.0, 0.1}) {
      ModelConfig config = PlainConfig();
      config.set_num_classes(1);
      config.set_register_tokens(registers);
      config.set_layer_scale(layer_scale);
      SavedWeights saved = SavedOf(config);
      saved.manifest.set_class_names(0, "0");
      saved.manifest.set_classes_are_nameless(true);
      ASSERT_OK_AND_ASSIGN(const ExportedFolder timm, TimmFolder(saved));
      const SortedJson& json = timm.files.at("config.json");
      EXPECT_EQ(json["num_classes"], 0);
      EXPECT_EQ(json["pretrained_cfg"]["num_classes"], 0);
      EXPECT_FALSE(json.contains("label_names"));
      ASSERT_OK_AND_ASSIGN(const ExportedFolder other, TransformersFolder(saved));
      const SortedJson& theirs = other.files.at("config.json");
      EXPECT_THAT(theirs["architectures"][0].get<std::string>(), EndsWith("Model"));
      EXPECT_FALSE(theirs.contains("id2label"));
      EXPECT_THAT(other.notes, Contains(HasSubstr("load the folder by AutoModel")));
      for (const ExportedFolder& exported : {timm, other}) {
        for (const auto& [name, tensor] : exported.tensors) {
          EXPECT_THAT(name, Not(AnyOf(StartsWith("head"), HasSubstr("classifier"))));
        }
        const ImportedCheckpoint read = Reread(exported);
        EXPECT_FALSE(HasHead(read.checkpoint.manifest));
        EXPECT_TRUE(at::equal(read.checkpoint.model.at("final_norm.weight"),
                              saved.tensors.at("final_norm.weight")));
      }
    }
  }
}

// Names of any bytes, and of other writing.
TEST_F(ExportTest, ClassNamesAreThere) {
  SavedWeights saved = SavedOf(PlainConfig());
  saved.manifest.set_class_names(0,
                                 "k\xc3\xa4"
                                 "fer\n\"quoted\"");
  for (const MakeFolder make : {&TimmFolder, &TransformersFolder}) {
    ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, make(saved));
    EXPECT_EQ(Reread(exported).checkpoint.manifest.class_names(0), saved.manifest.class_names(0));
  }
  saved.manifest.set_class_names(0, "\xff");
  ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TimmFolder(saved));
  EXPECT_EQ(Reread(exported).checkpoint.manifest.class_names(0), "\xef\xbf\xbd");
  saved.manifest.add_class_names("one too many");
  EXPECT_THAT(TimmFolder(saved), Fails(absl::StatusCode::kDataLoss, HasSubstr("names 6 classes")));
}

TEST_F(ExportTest, WeightsSayThatTheyAreOfPyTorch) {
  ASSERT_OK_AND_ASSIGN(const ExportedFolder exported, TransformersFolder(SavedOf(PlainConfig())));
  ASSERT_OK(WriteExportedFolder(folder_, exported));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(folder_ / "model.safetensors"));
  EXPECT_THAT(bytes.substr(8, 40), StartsWith(R"({"__metadata__":{"format":"pt"})"));
  ASSERT_OK(ReadSafetensors(folder_ / "model.safetensors"));
}

TEST_F(ExportTest, AnOutputThatIsThereIsNotTouched) {
  const SavedWeights saved = SavedOf(PlainConfig());
  std::vector<std::string> notes;
  ASSERT_OK(ExportTimm(saved, folder_, &notes));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_THAT((std::vector<std::string>{"config.json", "model.safetensors"}),
                Contains(entry.path().filename()));
  }
  EXPECT_THAT(ExportTransformers(saved, folder_, &notes),
              Fails(absl::StatusCode::kAlreadyExists, HasSubstr("take another name")));
  EXPECT_FALSE(fs::exists(folder_ / "preprocessor_config.json"));
  EXPECT_THAT(ExportTimm(saved, folder_ / "config.json" / "below", &notes),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("config.json")));
}

}  // namespace
}  // namespace vitrine
