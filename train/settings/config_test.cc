#include "train/settings/config.h"

#include <map>
#include <string>

#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

ExperimentConfig Load(const std::string& name) {
  auto config = LoadConfig(name);
  EXPECT_THAT(config, IsOk());
  FillDefaults(&*config);
  return *std::move(config);
}

TEST(ApplyOverrideTest, TextsNeedNoQuotes) {
  for (const char* assignment : {"name=a name", "name=\"a name\"", "name='a name'"}) {
    ExperimentConfig config;
    ASSERT_OK(ApplyOverride(assignment, &config));
    EXPECT_EQ(config.name(), "a name");
  }
}

TEST(ApplyOverrideTest, ListsOfMessagesAreGivenWhole) {
  ExperimentConfig config;
  ASSERT_OK(
      ApplyOverride("data.train_transforms=[{horizontal_flip {}}, {rand_augment {}}]", &config));
  EXPECT_EQ(config.data().train_transforms_size(), 2);
  EXPECT_TRUE(config.data().train_transforms(1).has_rand_augment());
  ASSERT_OK(ApplyOverride("data.train_transforms=[]", &config));
  EXPECT_EQ(config.data().train_transforms_size(), 0);
  EXPECT_THAT(ApplyOverride("data.train_transforms.horizontal_flip.probability=1", &config),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("give the whole list")));
  EXPECT_THAT(ApplyOverride("data.train_transforms=[{flip {}}]", &config),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("is not a list")));
}

TEST(ConfigsTest, EveryOneSaysItsName) {
  for (const std::string& name : ConfigNames()) {
    const ExperimentConfig config = Load(name);
    EXPECT_EQ(config.name(), name);
  }
}

TEST(ConfigsTest, StepsHaveTheReportedParameterCounts) {
  const std::map<std::string, int64_t> counts = {
      {"step1", 28'414'506},  {"step2", 28'414'506}, {"step3", 28'524'682}, {"step4", 28'524'682},
      {"step5", 101'000'586}, {"step6", 12'675'690}, {"step7", 85'878'628}};
  for (const auto& [name, count] : counts) {
    ASSERT_THAT(ConfigNames(), Contains(name));
    ASSERT_OK_AND_ASSIGN(const auto model, VisionTransformer::CreateShapesOnly(Load(name).model()));
    EXPECT_EQ(model.ParameterCount(), count) << name;
  }
}

TEST(ConfigsTest, AbsentNameListsThoseThereAre) {
  EXPECT_THAT(LoadConfig("step9"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("quickstart, step1, step2")));
}

TEST(ConfigsTest, FileIsReadByPath) {
  const std::string path = ::testing::TempDir() + "/mine.textproto";
  ASSERT_OK(WriteAtomically(path, "seed: 7"));
  ASSERT_OK_AND_ASSIGN(const ExperimentConfig config, LoadConfig(path));
  EXPECT_EQ(config.seed(), 7);
  EXPECT_EQ(config.name(), "mine");
  EXPECT_THAT(LoadConfig("./absent.textproto"),
              Fails(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

TEST(ParseConfigTest, ByteOrderMarkIsPassedOver) {
  ASSERT_OK_AND_ASSIGN(const ExperimentConfig config,
                       ParseConfig("\xEF\xBB\xBFseed: 3\n", "notepad.textproto"));
  EXPECT_EQ(config.seed(), 3);
}

TEST(ParseConfigTest, Utf16IsRefusedByName) {
  using std::string_literals::operator""s;
  for (const std::string& text : {"\xFF\xFEs\0e\0"s, "\xFE\xFF\0s\0e"s}) {
    EXPECT_THAT(ParseConfig(text, "notepad.textproto"),
                Fails(absl::StatusCode::kInvalidArgument,
                      "notepad.textproto: is UTF-16; save it as UTF-8"));
  }
}

TEST(ParseConfigTest, UnknownFieldIsRefusedWithItsLine) {
  EXPECT_THAT(ParseConfig("seed: 1\nmodel { widht: 3 }", "mine.textproto"),
              Fails(absl::StatusCode::kInvalidArgument,
                    AllOf(StartsWith("mine.textproto:2:"), HasSubstr("widht"))));
}

TEST(OverrideTest, SetsFieldsOfEveryKind) {
  ExperimentConfig config;
  for (const char* assignment :
       {"seed=7", "precision=BF16", "model.num_classes=12", "data.batch_size=64",
        "model.zero_head=true", "schedule.max_learning_rate=1e-3", "data.mean=[0.5, 0.25]",
        "data.mean=[0.1]", "name=\"a name\""}) {
    EXPECT_OK(ApplyOverride(assignment, &config)) << assignment;
  }
  EXPECT_EQ(config.seed(), 7);
  EXPECT_EQ(config.precision(), ExperimentConfig::BF16);
  EXPECT_EQ(config.model().num_classes(), 12);
  EXPECT_EQ(config.data().batch_size(), 64);
  EXPECT_TRUE(config.model().zero_head());
  EXPECT_EQ(config.schedule().max_learning_rate(), 1e-3);
  EXPECT_THAT(config.data().mean(), ElementsAre(0.1f));
  EXPECT_EQ(config.name(), "a name");
}

TEST(ApplyOverrideTest, ListsOfTextNeedNoQuotes) {
  ExperimentConfig config;
  for (const char* list : {"[blocks.0.*, !head.*]", R"(["blocks.0.*", '!head.*'])"}) {
    ASSERT_OK(ApplyOverride(std::string("optimizer.frozen=") + list, &config));
    EXPECT_THAT(config.optimizer().frozen(), ElementsAre("blocks.0.*", "!head.*")) << list;
  }
  ASSERT_OK(ApplyOverride("optimizer.frozen=[]", &config));
  EXPECT_EQ(config.optimizer().frozen_size(), 0);
}

struct BadOverride {
  std::string assignment, message;
};

class BadOverrideTest : public ::testing::TestWithParam<BadOverride> {};

TEST_P(BadOverrideTest, IsRefusedWithTheRemedy) {
  ExperimentConfig config;
  EXPECT_THAT(ApplyOverride(GetParam().assignment, &config),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadOverrideTest,
    ::testing::Values(BadOverride{"seed", "'seed' is not of the form field.path=value"},
                      BadOverride{"sede=1", "sede: no field 'sede'; there are name, seed, threads"},
                      BadOverride{"schedule.iteration=1",
                                  "no field 'iteration'; there are iterations, epochs, kind"},
                      BadOverride{"model=1", "model: give one of its fields: image_size"},
                      BadOverride{"seed.x=1", "seed has no fields of its own"},
                      BadOverride{"seed=abc", "'abc' is not a value of type uint64"},
                      BadOverride{"seed=-1", "'-1' is not a value of type uint64"},
                      BadOverride{"seed=1 threads: 3", "is not a value of type uint64"},
                      BadOverride{"data.batch_size=99999999999", "not a value of type int32"},
                      BadOverride{"precision=FP8", "'FP8' is not one of FP32, BF16, FP16"},
                      BadOverride{"data.mean=0.5", "is not a list [a, b] of a value of type float"},
                      BadOverride{"data.mean=[a]", "is not a list"},
                      BadOverride{"=1", "no field ''"},
                      BadOverride{"model..width=1", "no field ''"}));

TEST(FillDefaultsTest, ShowsEveryFieldAndChangesNothing) {
  ExperimentConfig config;
  config.mutable_data()->set_batch_size(7);
  FillDefaults(&config);
  EXPECT_EQ(config.data().batch_size(), 7);
  EXPECT_TRUE(config.has_precision());
  EXPECT_TRUE(config.model().has_dropout());
  EXPECT_EQ(config.optimizer().beta2(), 0.999);
  EXPECT_FALSE(config.model().has_mlp_width()) << "it has no default: absent means 4 * width";
  const std::string once = ConfigText(config);
  FillDefaults(&config);
  EXPECT_EQ(ConfigText(config), once);
}

TEST(FillDefaultsOfOlderTest, WhatHadNoChoiceIsWhatItWas) {
  ExperimentConfig config;
  FillDefaultsOfOlder(&config);
  EXPECT_EQ(config.kernels(), ExperimentConfig::REFERENCE);
  EXPECT_EQ(config.data().batch_size(), 32);
  EXPECT_EQ(config.data().given_parts(), DataConfig::VAL_AS_TEST);
  config.set_kernels(ExperimentConfig::FUSED);
  FillDefaultsOfOlder(&config);
  EXPECT_EQ(config.kernels(), ExperimentConfig::FUSED);
}

// A run of step 6 as a machine with four processors settled it, with overrides.
ExperimentConfig RunConfig() {
  ExperimentConfig run = Load("step6");
  run.set_name("mine");
  run.set_threads(4);
  run.set_precision(ExperimentConfig::BF16);
  run.mutable_schedule()->set_iterations(200);
  FillDefaults(&run);
  run.set_kernels(ExperimentConfig::FUSED);
  return run;
}

// What the resuming command gives, with the rest from the run.
ExperimentConfig Resumed(ExperimentConfig given, const std::vector<std::string>& overrides = {}) {
  TakeUnsetFields(RunConfig(), &given);
  EXPECT_OK(ApplyOverrides(overrides, &given));
  TakeOpenChoices(RunConfig(), &given);
  return given;
}

TEST(TakeFieldsTest, NothingGivenIsTheRun) {
  EXPECT_EQ(ConfigDifferences(RunConfig(), Resumed(ExperimentConfig())), "");
}

TEST(TakeFieldsTest, ChoicesOfTheMachineAreTheRuns) {
  ExperimentConfig config = Load("step6");
  EXPECT_EQ(config.precision(), ExperimentConfig::AUTO16);
  config.set_kernels(ExperimentConfig::AUTO);
  config.mutable_schedule()->set_iterations(200);
  EXPECT_EQ(ConfigDifferences(RunConfig(), Resumed(config, {"threads=0"})), "");
}

TEST(TakeFieldsTest, WhatIsGivenStays) {
  const ExperimentConfig config = Resumed(
      ExperimentConfig(), {"threads=2", "seed=0", "schedule.epochs=3", "data.mean=[0.1, 0.2]"});
  EXPECT_EQ(config.threads(), 2);
  EXPECT_EQ(config.schedule().epochs(), 3);
  EXPECT_THAT(config.data().mean(), ElementsAre(0.1f, 0.2f)) << "a list is taken whole";
  EXPECT_EQ(config.name(), "mine");
  EXPECT_EQ(config.model().width(), RunConfig().model().width());
  EXPECT_EQ(Resumed(ExperimentConfig(), {"data.mean=[]"}).data().mean_size(), 0);
}

TEST(TakeFieldsTest, ListsOfAFileAreTakenWhole) {
  ExperimentConfig config;
  config.mutable_data()->add_mean(0.25);
  EXPECT_THAT(Resumed(config).data().mean(), ElementsAre(0.25f));
}

TEST(OneofTest, LengthHasOneUnit) {
  EXPECT_THAT(ParseConfig("schedule { iterations: 5 epochs: 2 }", "mine.textproto"),
              Fails(absl::StatusCode::kInvalidArgument, HasSubstr("oneof")));
  ExperimentConfig config = Load("step2");
  ASSERT_OK(ApplyOverride("schedule.epochs=2", &config)) << "an override replaces the unit";
  EXPECT_FALSE(config.schedule().has_iterations());
  FillDefaults(&config);
  EXPECT_EQ(config.schedule().epochs(), 2);
  EXPECT_FALSE(config.schedule().has_iterations());
  EXPECT_TRUE(config.schedule().has_warmup_iterations());
}

TEST(ConfigTextTest, ComesBackAsItWas) {
  const ExperimentConfig config = Load("step4");
  ASSERT_OK_AND_ASSIGN(const ExperimentConfig read, ParseConfig(ConfigText(config), "text"));
  EXPECT_EQ(ConfigDifferences(config, read), "");
}

TEST(ConfigDifferencesTest, NamesTheFieldsOnOneLine) {
  ExperimentConfig a, b;
  b.set_seed(3);
  b.mutable_data()->set_batch_size(9);
  FillDefaults(&a);
  FillDefaults(&b);
  const std::string differences = ConfigDifferences(a, b);
  EXPECT_THAT(differences, AllOf(HasSubstr("seed: 0 -> 3"), HasSubstr("data.batch_size: 32 -> 9")));
  EXPECT_THAT(differences, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace vitrine
