#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/equal.h"
#include "ATen/ops/randn_like.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/export/timm_model.h"
#include "vit/export/transformers_model.h"
#include "vit/import/import_model.h"
#include "vit/import/testing.h"
#include "vit/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Export = absl::StatusOr<ForeignModel> (*)(const ModelConfig&, TensorMap, bool);

// Every package has these epsilons, and what changes no tensor is not in them.
constexpr double kEpsilon = 1e-6;

// What the tensors do not tell.
ModelConfig KnownOf(const ModelConfig& config) {
  ModelConfig known;
  known.set_heads(config.heads());
  known.set_channels(config.channels());
  known.set_image_size(config.image_size());
  if (config.has_image_width()) known.set_image_width(config.image_width());
  known.set_layer_norm_epsilon(config.layer_norm_epsilon());
  if (config.activation() != ModelConfig::SWIGLU) known.set_activation(config.activation());
  // As global_pool says.
  if (config.pooling() == ModelConfig::MEAN) known.set_pooling(ModelConfig::MEAN);
  return known;
}

ImportedModel ImportFixture(const std::string& name) {
  ModelConfig known;
  known.set_heads(2);
  known.set_image_size(8);
  if (absl::EndsWith(name, "_wide")) known.set_image_width(12);
  known.set_layer_norm_epsilon(kEpsilon);
  return ImportModel(LoadPackageModel(name).weights, known).value();
}

at::Tensor Logits(const ModelConfig& config, const TensorMap& tensors) {
  const at::NoGradGuard no_grad;
  VisionTransformer model = VisionTransformer::Create(config, 0).value();
  EXPECT_OK(model.Load(tensors));
  return model.Forward(RandomImages(2, config), {});
}

void ExpectSame(const TensorMap& actual, const TensorMap& expected) {
  ASSERT_OK(CheckSameTensors(actual, expected));
  for (const auto& [name, tensor] : expected) {
    EXPECT_TRUE(at::equal(actual.at(name), tensor)) << name;
  }
}

std::string FieldOf(const absl::Status& status) {
  const std::string_view message = status.message();
  return std::string(message.substr(0, message.find(':')));
}

// Out and in again is the same model: to the last bit, but for what a note tells, which changes no
// result beyond rounding.
void ExpectSameAfterwards(const ModelConfig& config, const TensorMap& tensors,
                          const ForeignModel& exported) {
  ModelConfig known = KnownOf(config);
  const bool is_wider = absl::StrContains(absl::StrJoin(exported.notes, " "), "head.weight");
  if (is_wider) known.clear_pooling();
  ASSERT_OK_AND_ASSIGN(const ImportedModel back, ImportModel(exported.tensors, known));
  if (exported.notes.empty()) return ExpectSame(back.tensors, tensors);
  const at::Tensor before = Logits(config, tensors), after = Logits(back.config, back.tensors);
  EXPECT_LT((after - before).abs().max().item<double>(), 1e-5 * before.abs().max().item<double>())
      << absl::StrJoin(exported.notes, "\n");
}

class FixtureTest : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Models, FixtureTest, ::testing::ValuesIn(PackageModelNames()),
                         [](const auto& info) { return info.param; });

// The fields for which models of other packages are refused.
std::string RefusedByTimm(const std::string& name) {
  if (name == "vit_pytorch") return "model.patch_norms";
  if (absl::StartsWith(name, "transformers_dinov2")) return "model.pooling";
  return "";
}

std::string RefusedByTransformers(const std::string& name) {
  static const auto* const fields = new std::map<std::string, std::string>{
      {"vit_pytorch", "model.patch_norms"},
      {"timm_clip", "model.embedding_norm"},
      {"timm_clip_quickgelu", "model.embedding_norm"},
      {"timm_query_key_norm", "model.query_key_norm"},
      {"timm_vit_mean", "model.pooling_norm"},
      {"timm_vit_no_class_token", "model.class_token"},
  };
  const auto found = fields->find(name);
  return found == fields->end() ? "" : found->second;
}

TEST_P(FixtureTest, TimmComputesTheSame) {
  const ImportedModel model = ImportFixture(GetParam());
  const auto exported = ToTimm(model.config, model.tensors);
  ASSERT_EQ(exported.ok() ? "" : FieldOf(exported.status()), RefusedByTimm(GetParam()));
  if (exported.ok()) ExpectSameAfterwards(model.config, model.tensors, *exported);
}

TEST_P(FixtureTest, TransformersComputesTheSame) {
  const ImportedModel model = ImportFixture(GetParam());
  const auto exported = ToTransformers(model.config, model.tensors);
  ASSERT_EQ(exported.ok() ? "" : FieldOf(exported.status()), RefusedByTransformers(GetParam()));
  if (exported.ok()) ExpectSameAfterwards(model.config, model.tensors, *exported);
}

// Back in its own package every tensor has its name, shape and bits again, but for those that the
// import named: it left them over, or put them together.
TEST_P(FixtureTest, ItsOwnPackageGetsEveryTensorBack) {
  const std::string name = GetParam();
  const bool is_timm = absl::StartsWith(name, "timm");
  if (!is_timm && !absl::StartsWith(name, "transformers")) {
    GTEST_SKIP() << "is not exported to";
  }
  const TensorMap theirs = LoadPackageModel(name).weights;
  const ImportedModel model = ImportFixture(name);
  ASSERT_OK_AND_ASSIGN(
      const ForeignModel exported,
      is_timm ? ToTimm(model.config, model.tensors) : ToTransformers(model.config, model.tensors));
  ASSERT_OK(CheckSameTensors(exported.tensors, theirs));
  const std::string notes = absl::StrJoin(model.notes, "\n");
  const bool has_moved = absl::StrContains(notes, "positions of registers are added to them");
  for (const auto& [tensor, values] : theirs) {
    if (absl::StrContains(notes, tensor)) continue;  // left over
    const bool is_moved = absl::StrContains(tensor, "pos") || absl::StrContains(tensor, "reg_") ||
                          absl::StrContains(tensor, "distillation_token");
    if (has_moved && is_moved) continue;
    EXPECT_TRUE(at::equal(exported.tensors.at(tensor), values)) << tensor;
  }
}

// Models of ours with each option that a package can hold.
struct Option {
  std::string name;
  std::string timm, transformers;  // the field for which it is refused, or ""
  void (*set)(ModelConfig* config);
};

const std::vector<Option>& Options() {
  static const auto* const options = new std::vector<Option>{
      {"none", "", "", [](ModelConfig*) {}},
      {"wide", "", "", [](ModelConfig* c) { c->set_image_width(12); }},
      {"patch_norms", "model.patch_norms", "model.patch_norms",
       [](ModelConfig* c) { c->set_patch_norms(true); }},
      {"no_patch_bias", "", "", [](ModelConfig* c) { c->set_patch_bias(false); }},
      {"no_qkv_bias", "", "", [](ModelConfig* c) { c->set_qkv_bias(false); }},
      {"embedding_norm", "", "model.embedding_norm",
       [](ModelConfig* c) { c->set_embedding_norm(true); }},
      {"clip", "", "model.embedding_norm",
       [](ModelConfig* c) {
         c->set_embedding_norm(true);
         c->set_patch_bias(false);
         c->set_layer_norm_epsilon(1e-5);
       }},
      {"epsilon", "model.layer_norm_epsilon", "",
       [](ModelConfig* c) { c->set_layer_norm_epsilon(1e-12); }},
      {"quick_gelu", "", "", [](ModelConfig* c) { c->set_activation(ModelConfig::QUICK_GELU); }},
      {"gelu_tanh", "", "", [](ModelConfig* c) { c->set_activation(ModelConfig::GELU_TANH); }},
      {"fixed_positions", "", "",
       [](ModelConfig* c) { c->set_position_embedding(ModelConfig::SINCOS_2D); }},
      {"fixed_positions_and_registers", "", "",
       [](ModelConfig* c) {
         c->set_position_embedding(ModelConfig::SINCOS_2D);
         c->set_register_tokens(2);
       }},
      {"no_class_position", "", "", [](ModelConfig* c) { c->set_class_token_position(false); }},
      {"one_register", "", "", [](ModelConfig* c) { c->set_register_tokens(1); }},
      {"registers", "", "", [](ModelConfig* c) { c->set_register_tokens(3); }},
      {"layer_scale", "", "", [](ModelConfig* c) { c->set_layer_scale(0.5); }},
      {"layer_scale_and_wide", "", "model.image_width",
       [](ModelConfig* c) {
         c->set_layer_scale(0.5);
         c->set_image_width(12);
       }},
      {"layer_scale_and_width", "", "model.mlp_width",
       [](ModelConfig* c) {
         c->set_layer_scale(0.5);
         c->set_mlp_width(40);
       }},
      {"swiglu", "", "",
       [](ModelConfig* c) {
         c->set_activation(ModelConfig::SWIGLU);
         c->set_mlp_width(24);  // of 32, two thirds, in eights
       }},
      {"distillation", "", "", [](ModelConfig* c) { c->set_distillation_token(true); }},
      {"distillation_without_class_position", "", "",
       [](ModelConfig* c) {
         c->set_distillation_token(true);
         c->set_class_token_position(false);
       }},
      {"distillation_and_registers", "model.register_tokens", "model.register_tokens",
       [](ModelConfig* c) {
         c->set_distillation_token(true);
         c->set_register_tokens(2);
       }},
      {"distillation_and_epsilon", "model.layer_norm_epsilon", "",
       [](ModelConfig* c) {
         c->set_distillation_token(true);
         c->set_layer_norm_epsilon(1e-5);
       }},
      {"distillation_and_layer_scale", "", "model.layer_scale",
       [](ModelConfig* c) {
         c->set_distillation_token(true);
         c->set_layer_scale(0.5);
       }},
      {"mean", "", "model.class_token", [](ModelConfig* c) { c->set_pooling(ModelConfig::MEAN); }},
      {"mean_beside_class_token", "", "",
       [](ModelConfig* c) {
         c->set_pooling(ModelConfig::MEAN);
         c->set_class_token(true);
       }},
      {"mean_before_norm", "", "model.pooling_norm",
       [](ModelConfig* c) {
         c->set_pooling(ModelConfig::MEAN);
         c->set_class_token(true);
         c->set_pooling_norm(ModelConfig::AFTER_MEAN);
       }},
      {"class_and_mean", "model.pooling", "",
       [](ModelConfig* c) { c->set_pooling(ModelConfig::CLASS_AND_MEAN); }},
      {"layer_norm_of_queries", "", "model.query_key_norm",
       [](ModelConfig* c) { c->set_query_key_norm(ModelConfig::LAYER_NORM); }},
      {"rms_norm_of_queries", "model.query_key_norm", "model.query_key_norm",
       [](ModelConfig* c) { c->set_query_key_norm(ModelConfig::RMS_NORM); }},
  };
  return *options;
}

class OptionTest : public ::testing::TestWithParam<Option> {
 protected:
  OptionTest() : config_(SmallConfig()) {
    config_.set_patch_norms(false);
    config_.set_layer_norm_epsilon(kEpsilon);
    GetParam().set(&config_);
    // Values that no layer begins with.
    for (const auto& [name, tensor] : MakeModel(config_).Tensors()) {
      tensors_[name] = tensor.detach() + 0.1 * at::randn_like(tensor);
    }
  }

  void Check(const absl::StatusOr<ForeignModel>& exported, const std::string& refused) {
    ASSERT_EQ(exported.ok() ? "" : FieldOf(exported.status()), refused);
    if (exported.ok()) ExpectSameAfterwards(config_, tensors_, *exported);
  }

  ModelConfig config_;
  TensorMap tensors_;
};

INSTANTIATE_TEST_SUITE_P(Options, OptionTest, ::testing::ValuesIn(Options()),
                         [](const auto& info) { return info.param.name; });

TEST_P(OptionTest, Timm) { Check(ToTimm(config_, tensors_), GetParam().timm); }

TEST_P(OptionTest, Transformers) {
  Check(ToTransformers(config_, tensors_), GetParam().transformers);
}

TEST(ExportModelTest, TensorsMustBeThoseOfTheConfig) {
  ModelConfig config = SmallConfig();
  config.set_patch_norms(false);
  config.set_layer_norm_epsilon(kEpsilon);
  TensorMap tensors = MakeModel(config).Tensors();
  tensors.erase("head.bias");
  for (const Export to : {&ToTimm, &ToTransformers}) {
    EXPECT_THAT(to(config, tensors, /*with_heads=*/true),
                Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("head.bias")));
  }
}

TEST(ExportModelTest, SaysWhatHasAnotherForm) {
  ModelConfig config = SmallConfig();
  config.set_patch_norms(false);
  config.set_register_tokens(2);
  const TensorMap tensors = MakeModel(config).Tensors();
  ASSERT_OK_AND_ASSIGN(const ForeignModel timm, ToTimm(config, tensors));
  EXPECT_THAT(timm.notes,
              Contains("position_embedding: zeros for 2 tokens that have no position here"));
  ASSERT_OK_AND_ASSIGN(const ForeignModel dinov2, ToTransformers(config, tensors));
  EXPECT_THAT(dinov2.notes, AllOf(Contains(StartsWith("model.layer_scale: factors of 1")),
                                  Contains(StartsWith("head.weight: zeros for the mean"))));
  ASSERT_OK_AND_ASSIGN(const ForeignModel headless,
                       ToTransformers(config, tensors, /*with_heads=*/false));
  EXPECT_THAT(headless.notes, Each(Not(HasSubstr("head.weight"))));
  EXPECT_EQ(headless.tensors.size() + 2, dinov2.tensors.size());
  config.clear_register_tokens();
  ASSERT_OK_AND_ASSIGN(const ForeignModel vit, ToTransformers(config, MakeModel(config).Tensors()));
  EXPECT_THAT(vit.notes, IsEmpty());
}

}  // namespace
}  // namespace vitrine
