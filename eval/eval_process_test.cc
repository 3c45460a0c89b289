// //eval as its users run it, on a run of //train.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/child_process.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
namespace fs = std::filesystem;

class EvalProcessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    fs::remove_all(Folder());
    const ChildResult trained =
        RunChild({"train/train", absl::StrCat("--run_dir=", Folder().string()), "threads=1",
                  "model.width=32", "model.depth=1", "schedule.iterations=20",
                  "schedule.warmup_iterations=0", "checkpoint.every_iterations=10",
                  "ema.horizon_fraction=0.5"});
    ASSERT_EQ(trained.status, 0) << trained.err;
  }

  static fs::path Folder() { return fs::path(::testing::TempDir()) / "eval_process_test"; }

  static ChildResult Eval(const std::vector<std::string>& flags,
                          const std::string& checkpoints = "") {
    std::vector<std::string> command = {
        "eval/eval", absl::StrCat("--checkpoint=", Folder().string(), checkpoints)};
    command.insert(command.end(), flags.begin(), flags.end());
    return RunChild(command);
  }

  static Json Record() { return Json::parse(ReadFile(Folder() / "run.json").value()); }
};

TEST_F(EvalProcessTest, JsonHasTheFieldsAndFiguresOfTheRun) {
  const ChildResult result = Eval({"--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json json = Json::parse(result.out);
  const Json test = Record()["test"];
  for (const char* field : {"count", "correct_top1", "correct_top5", "top1", "top5"}) {
    EXPECT_EQ(json[field], test[field]) << field;
  }
  EXPECT_NEAR(json["loss"].get<double>(), test["loss"].get<double>(), 1e-6);
  EXPECT_EQ(json["split"], "test");
  EXPECT_EQ(json["iteration"], 20);
  EXPECT_THAT(json["checkpoint"].get<std::string>(), HasSubstr("checkpoints/000000020"));
  EXPECT_EQ(json.size(), 9);
}

TEST_F(EvalProcessTest, AverageIsAnotherModel) {
  const ChildResult result = Eval({"--json", "--weights=ema"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["correct_top1"], Record()["test_ema"]["correct_top1"]);
  EXPECT_NE(json["loss"], Record()["test"]["loss"]);
}

TEST_F(EvalProcessTest, SeveralCheckpointsAreAnArrayOrALineEach) {
  const std::string both = absl::StrCat("/checkpoints/000000010,", Folder().string());
  const ChildResult json = Eval({"--json", "--split=minival"}, both);
  ASSERT_EQ(json.status, 0) << json.err;
  const Json array = Json::parse(json.out);
  ASSERT_EQ(array.size(), 2);
  EXPECT_EQ(array[0]["iteration"], 10);
  EXPECT_EQ(array[1]["iteration"], 20);
  EXPECT_EQ(array[0]["split"], "minival");
  EXPECT_THAT(Eval({}, both).out, HasSubstr("of 360)"));
}

TEST_F(EvalProcessTest, MistakesAreOneLine) {
  struct Mistake {
    ChildResult result;
    int status;
    std::string message;
  };
  const Mistake mistakes[] = {
      {RunChild({"eval/eval"}), 2, "--checkpoint"},
      {Eval({"--weights=best"}), 2, "must be model or ema"},
      {Eval({"--split=dev"}), 2, "minival"},
      {Eval({"--device=tpu"}), 2, "--device"},
      {Eval({}, "/nothing"), 1, "neither a checkpoint"},
  };
  for (const auto& [result, status, message] : mistakes) {
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace vitrine
