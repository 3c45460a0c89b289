#include "eval/saved_result.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "eval/result_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class SavedResultTest : public ::testing::Test {
 protected:
  SavedResultTest() {
    subject_.of.set_split("test");
    subject_.of.set_data_identity("the data");
    subject_.of.set_flips(false);
    SetWeights(Manifest(), "model", &subject_.of);
  }

  static CheckpointManifest Manifest() {
    CheckpointManifest manifest;
    manifest.set_iteration(600);
    manifest.set_crc32c(0x1234);
    return manifest;
  }

  // Of three images, one of which is wrong, and one that could not be read.
  EvaluationResult Saved() const {
    EvaluationResult result = subject_.of;
    result.set_count(3);
    result.set_left_out(1);
    result.set_correct_top1(2);
    result.set_correct_top5(3);
    result.set_loss(1. / 3);
    for (const std::string& name : names_) result.add_classes()->set_name(name);
    result.mutable_classes(0)->set_count(2);
    result.mutable_classes(0)->set_correct(1);
    EvaluationResult::Class::Mistake* const mistake = result.mutable_classes(0)->add_mistakes();
    mistake->set_taken_for(1);
    mistake->set_count(1);
    result.mutable_classes(1)->set_count(1);
    result.mutable_classes(1)->set_correct(1);
    EvaluationResult::Example* const example = result.mutable_examples()->add_first();
    example->set_index(3);
    example->set_truth(0);
    example->set_prediction(1);
    example->set_probability(0.1 + 0.2);
    *result.mutable_examples()->add_surest_wrong() = *example;
    *result.mutable_examples()->add_least_sure_right() = *example;
    return result;
  }

  std::optional<EvaluationResult> Find() const { return FindSavedResult(checkpoint_, subject_); }

  const fs::path checkpoint_ = EmptyFolder("saved_result") / "000000600";
  const fs::path file_ = checkpoint_.string() + ".model.test.textproto";
  const std::vector<std::string> names_ = {"cat", "dog"};
  ResultSubject subject_ = {
      .of = {}, .class_names = names_, .images = 4, .on_bad = DataConfig::SKIP};
};

TEST_F(SavedResultTest, IsFoundToTheLastBit) {
  EXPECT_FALSE(Find().has_value());
  ASSERT_OK(WriteResult(checkpoint_, Saved()));
  const auto found = Find();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->SerializeAsString(), Saved().SerializeAsString());
}

TEST_F(SavedResultTest, OfAnythingElseIsNotBelieved) {
  using Change = std::function<void(EvaluationResult*)>;
  const std::pair<const char*, Change> changes[] = {
      {"iteration", [](auto* r) { r->set_iteration(500); }},
      {"another checkpoint of that iteration", [](auto* r) { r->set_checkpoint_crc32c(0x1235); }},
      {"an older program's", [](auto* r) { r->clear_checkpoint_crc32c(); }},
      {"data", [](auto* r) { r->set_data_identity("other data"); }},
      {"more images", [](auto* r) { r->set_left_out(2); }},
      {"fewer images", [](auto* r) { r->clear_left_out(); }},
      {"no examples", [](auto* r) { r->clear_examples(); }},
      {"fewer classes", [](auto* r) { r->mutable_classes()->RemoveLast(); }},
      {"another class", [](auto* r) { r->mutable_classes(1)->set_name("fox"); }},
      {"counts", [](auto* r) { r->mutable_classes(1)->set_count(2); }},
      {"no class", [](auto* r) { r->mutable_classes(0)->mutable_mistakes(0)->set_taken_for(2); }},
      {"no image", [](auto* r) { r->mutable_examples()->mutable_first(0)->set_index(4); }},
      {"a truth", [](auto* r) { r->mutable_examples()->mutable_first(0)->set_truth(-1); }},
      {"a prediction",
       [](auto* r) { r->mutable_examples()->mutable_surest_wrong(0)->set_prediction(2); }},
      {"another",
       [](auto* r) { r->mutable_examples()->mutable_least_sure_right(0)->set_index(-1); }},
  };
  for (const auto& [what, change] : changes) {
    EvaluationResult result = Saved();
    change(&result);
    ASSERT_OK(WriteResult(checkpoint_, result));
    EXPECT_FALSE(Find().has_value()) << what;
  }
  // Under the name of the one that is looked for.
  ASSERT_OK(WriteResult(checkpoint_, Saved()));
  const std::string text = ReadFile(file_).value();
  const std::pair<const char*, const char*> edits[] = {{"weights: \"model\"", "weights: \"ema\""},
                                                       {"split: \"test\"", "split: \"minival\""},
                                                       {"flips: false", "flips: true"}};
  for (const auto& edit : edits) {
    const std::string edited = absl::StrReplaceAll(text, {edit});
    ASSERT_NE(edited, text);
    WriteTestFile(file_, edited);
    EXPECT_FALSE(Find().has_value()) << edit.second;
  }
}

TEST_F(SavedResultTest, ImagesThatWereLeftOutMustBeAllowedToBe) {
  ASSERT_OK(WriteResult(checkpoint_, Saved()));
  subject_.on_bad = DataConfig::FAIL;
  EXPECT_FALSE(Find().has_value());
  EvaluationResult result = Saved();
  result.clear_left_out();
  ASSERT_OK(WriteResult(checkpoint_, result));
  subject_.images = 3;
  EXPECT_FALSE(Find().has_value()) << "image 3 is none of three";
  subject_.images = 4;
  EXPECT_FALSE(Find().has_value()) << "three are not four";
}

// As a disk or an editor leaves it.
TEST_F(SavedResultTest, HalfOfItIsNotBelieved) {
  ASSERT_OK(WriteResult(checkpoint_, Saved()));
  const std::string text = ReadFile(file_).value();
  for (size_t size = 0; size + 1 < text.size(); ++size) {
    WriteTestFile(file_, text.substr(0, size));
    EXPECT_FALSE(Find().has_value()) << text.substr(0, size);
  }
  WriteTestFile(file_, std::string(100, '\0'));
  EXPECT_FALSE(Find().has_value());
  EXPECT_THAT(ReadResult(file_),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("is not the result of an evaluation")));
}

TEST_F(SavedResultTest, ResultsOfOlderProgramsAreRead) {
  WriteTestFile(file_,
                "iteration: 600\nweights: \"model\"\nsplit: \"test\"\ncount: 2\n"
                "classes {\n  name: \"cat\"\n  count: 2\n  predicted: [1, 1]\n}\n");
  const auto result = ReadResult(file_);
  ASSERT_OK(result.status());
  EXPECT_EQ(result->count(), 2);
  EXPECT_FALSE(Find().has_value());
}

}  // namespace
}  // namespace vitrine
