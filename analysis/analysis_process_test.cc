// The programs of this folder and //eval:predict as their users run them, on a run of //train.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "base/tensors/device.h"
#include "data/image/decode.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "eval/result.pb.h"
#include "eval/result_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Json = nlohmann::json;
namespace fs = std::filesystem;

class AnalysisProcessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    fs::remove_all(Folder());
    const ChildResult trained = RunChild({"train/train", "--device=cpu",
                                          absl::StrCat("--run_dir=", (Folder() / "run").string()),
                                          "threads=1", "model.width=32", "model.depth=2",
                                          "schedule.iterations=5", "schedule.warmup_iterations=0"});
    ASSERT_EQ(trained.status, 0) << trained.err;
    ASSERT_OK(CreateFolder(Folder() / "pictures" / "more"));
    ASSERT_OK(WriteAtomically(Folder() / "pictures" / "wide.png", EncodePng(MakePicture(90, 40))));
    ASSERT_OK(WriteAtomically(Folder() / "pictures" / "more" / "a,b.png",
                              EncodePng(MakePicture(30, 50))));
    ASSERT_OK(
        WriteAtomically(Folder() / "damaged.png", EncodePng(MakePicture(30, 50)).substr(0, 100)));
  }

  static fs::path Folder() { return fs::path(::testing::TempDir()) / "analysis_process_test"; }

  static ChildResult Run(const std::string& program, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {program, "--device=cpu",
                                 absl::StrCat("--checkpoint=", (Folder() / "run").string())});
    return RunChild(flags);
  }

  static ChildResult Rollout(std::vector<std::string> flags, const std::string& output = "out") {
    flags.push_back(absl::StrCat("--output_dir=", (Folder() / output).string()));
    return Run("analysis/rollout", flags);
  }

  static ChildResult Predict(std::vector<std::string> flags) { return Run("eval/predict", flags); }

  static std::string Images(const std::string& name) {
    return absl::StrCat("--images=", (Folder() / name).string());
  }
};

TEST_F(AnalysisProcessTest, WritesTheFilesOfEachPicture) {
  const ChildResult result = Rollout({Images("pictures")});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_OK_AND_ASSIGN(const std::string overlay, ReadFile(Folder() / "out" / "wide.overlay.png"));
  ASSERT_OK_AND_ASSIGN(const EncodedImage image, EncodedImage::Open(overlay));
  EXPECT_EQ(image.width(), 90) << "in its own size";
  EXPECT_EQ(image.height(), 40);
  ASSERT_OK_AND_ASSIGN(const std::string map, ReadFile(Folder() / "out" / "wide.npy"));
  EXPECT_THAT(map, HasSubstr("'shape': (4, 4)"));
  EXPECT_EQ(map.size(), 128 + 16 * sizeof(float));
  EXPECT_TRUE(fs::exists(Folder() / "out" / "contact_sheet.png"));
  ASSERT_OK_AND_ASSIGN(const std::string csv, ReadFile(Folder() / "out" / "predictions.csv"));
  EXPECT_THAT(csv, HasSubstr("\n\"a,b\",,"));
}

TEST_F(AnalysisProcessTest, TheFirstOfASplitHaveTheirTruth) {
  const ChildResult result = Rollout({"--count=3", "--method=gradient"}, "split");
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_OK_AND_ASSIGN(const std::string csv, ReadFile(Folder() / "split" / "predictions.csv"));
  const std::vector<std::string> lines = absl::StrSplit(csv, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_THAT(lines[1], StartsWith("test-00000,"));
  const std::vector<std::string> fields = absl::StrSplit(lines[1], ',');
  ASSERT_THAT(fields, SizeIs(4));
  EXPECT_THAT(fields[1], SizeIs(1)) << "a digit";
}

TEST_F(AnalysisProcessTest, OfABadPictureAndGoodOnesNothingIsWritten) {
  const ChildResult result =
      Rollout({absl::StrCat(Images("pictures"), ",", (Folder() / "damaged.png").string())}, "bad");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("damaged.png: "));
  EXPECT_FALSE(fs::exists(Folder() / "bad"));
}

TEST_F(AnalysisProcessTest, BadPicturesAreLeftOutWhereThatIsAsked) {
  const ChildResult result =
      Rollout({absl::StrCat(Images("pictures"), ",", (Folder() / "damaged.png").string()),
               "data.on_bad_image=SKIP"},
              "without");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(": 2 images"));
  EXPECT_THAT(result.err, HasSubstr("1 images could not be read and are not counted"));
  EXPECT_FALSE(fs::exists(Folder() / "without" / "damaged.npy"));
}

// Finite, but too large to compute with.
TEST_F(AnalysisProcessTest, HugeWeightsAreOneLine) {
  ASSERT_OK_AND_ASSIGN(const fs::path good, FindCheckpoint(Folder() / "run"));
  ASSERT_OK_AND_ASSIGN(Checkpoint checkpoint, ReadCheckpoint(good));
  for (auto& [name, tensor] : checkpoint.model) tensor = tensor.mul(1e30);
  const std::string huge = absl::StrCat("--checkpoint=", (Folder() / "huge").string());
  ASSERT_OK(WriteCheckpointAs(Folder() / "huge", checkpoint));
  for (const ChildResult& result :
       {Predict({huge, Images("pictures")}), Rollout({huge, Images("pictures")}, "of_huge"),
        Run("analysis/faithfulness", {huge, "--count=2"})}) {
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("take an earlier checkpoint"));
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
    EXPECT_EQ(result.out, "");
  }
  EXPECT_FALSE(fs::exists(Folder() / "of_huge"));
}

// A run of one iteration on so many classes of one picture each, in the folder `name`; its data is
// in `name`_data.
void TrainOnPictures(const fs::path& folder, const std::string& name, int classes) {
  const fs::path data = folder / (name + "_data");
  const std::string png = EncodePng(MakePicture(8, 8));
  for (int i = 0; i < classes; ++i) {
    for (const char* part : {"train", "val"}) {
      ASSERT_OK(CreateFolder(data / part / absl::StrCat("class", i)));
      std::ofstream(data / part / absl::StrCat("class", i) / "1.png") << png;
    }
  }
  const ChildResult trained = RunChild(
      {"train/train", "--device=cpu", absl::StrCat("--run_dir=", (folder / name).string()),
       absl::StrCat("--data_dir=", data.string()), "threads=1", "model.image_size=8",
       "model.patch_size=4", "model.channels=3", absl::StrCat("model.num_classes=", classes),
       "model.width=16", "model.heads=2", "model.depth=1", "data.source=IMAGE_FOLDER",
       "data.batch_size=4", "data.minival_size=0", "schedule.iterations=1",
       "schedule.warmup_iterations=0", "validation.every_iterations=0"});
  ASSERT_EQ(trained.status, 0) << trained.err;
}

// With a matrix of confusions in each, the page would be 2 MB and the result 17.
TEST_F(AnalysisProcessTest, OfAThousandClassesPageAndResultAreSmall) {
  TrainOnPictures(Folder(), "thousand", 1000);
  const std::string page = ReadFile(Folder() / "thousand" / "report.html").value();
  EXPECT_THAT(page, HasSubstr("\"confusions_listed\":[{"));
  EXPECT_LT(page.size(), 300'000);
  const fs::path checkpoint = Folder() / "thousand" / "checkpoints" / "000000001";
  const ChildResult evaluated =
      RunChild({"eval/eval", absl::StrCat("--data_dir=", (Folder() / "thousand_data").string()),
                absl::StrCat("--checkpoint=", checkpoint.string()), "--details"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_THAT(evaluated.out, HasSubstr("1 taken for class"));
  EXPECT_LT(fs::file_size(checkpoint.string() + ".model.test.textproto"), 1000 * 200);
}

TEST_F(AnalysisProcessTest, BadImagesOfASplitAreLeftOutWhereThatIsAsked) {
  TrainOnPictures(Folder(), "eight", 8);
  for (const char* name : {"class0", "class2"}) {
    ASSERT_OK(WriteAtomically(Folder() / "eight_data" / "val" / name / "1.png", ""));
  }
  const std::string run = (Folder() / "eight").string();
  const std::string data_dir = absl::StrCat("--data_dir=", run, "_data");
  const std::string skip = "data.on_bad_image=SKIP";
  std::vector<std::string> flags = {absl::StrCat("--checkpoint=", run), data_dir, "--steps=2"};
  const auto faithfulness = [&](const std::string& count, const std::string& more) {
    return Run("analysis/faithfulness", {flags[0], flags[1], flags[2], count, more});
  };
  EXPECT_THAT(faithfulness("--count=2", "--seed=0").err, HasSubstr(skip));
  EXPECT_THAT(faithfulness("--count=2", skip).err, HasSubstr("raise --count")) << "of 0 and 4";
  EXPECT_THAT(faithfulness("--count=8", skip).out, HasSubstr("of 6 images"));
  EXPECT_THAT(Rollout({flags[0], data_dir, "--count=5", skip}, "of_eight").out,
              HasSubstr(": 3 images"));
  const auto report = [&](const std::string& more) {
    return RunChild({"analysis/report", absl::StrCat("--run_dir=", run), data_dir, more}).err;
  };
  EXPECT_THAT(report("--device=cpu"), AllOf(HasSubstr("without pictures"), HasSubstr(skip)));
  EXPECT_THAT(report(skip), Not(HasSubstr("without pictures")));
  EXPECT_THAT(ReadFile(fs::path(run) / "report.html").value(), HasSubstr("\"left_out\":2"));
}

ChildResult Report(const fs::path& run, const std::string& more = "--device=cpu") {
  return RunChild({"analysis/report", absl::StrCat("--run_dir=", run.string()), more});
}

std::string Page(const fs::path& run) { return ReadFile(run / "report.html").value(); }

int Count(std::string_view text, const std::string& part) {
  return std::vector<std::string>(absl::StrSplit(text, part)).size() - 1;
}

// What the test of a run leaves beside its checkpoint, and how the page shows that the file was
// read: by an error of calibration that no model has.
class ResultReportTest : public AnalysisProcessTest {
 protected:
  void SetUp() override {
    fs::remove_all(run_);
    const ChildResult trained = RunChild(
        {"train/train", "--device=cpu", absl::StrCat("--run_dir=", run_.string()), "model.width=32",
         "model.depth=2", "schedule.iterations=5", "schedule.warmup_iterations=0"});
    ASSERT_EQ(trained.status, 0) << trained.err;
    page_ = Page(run_);
    ASSERT_THAT(page_, HasSubstr("\"groups\":[{"));
    ASSERT_OK_AND_ASSIGN(result_, ReadFile(file_));
  }

  // The result with another error of calibration, and with this changed too.
  std::string Marked(const std::string& old_text = "", const std::string& text = "") const {
    const std::string changed =
        old_text.empty() ? result_ : absl::StrReplaceAll(result_, {{old_text, text}});
    EXPECT_EQ(changed == result_, old_text.empty()) << old_text;
    const std::string name = "\nexpected_calibration_error: ";
    const size_t at = changed.find(name), end = changed.find('\n', at + 1);
    return absl::StrCat(changed.substr(0, at), name, 0.987654, changed.substr(end));
  }

  const fs::path run_ = Folder() / "with_result";
  const fs::path file_ = run_ / "checkpoints" / "000000005.model.test.textproto";
  std::string page_, result_;
};

TEST_F(ResultReportTest, PageIsTheSameByTheResultAndByEvaluating) {
  ASSERT_EQ(Report(run_).status, 0);
  EXPECT_EQ(Page(run_), page_);
  fs::remove(file_);
  ASSERT_EQ(Report(run_).status, 0);
  EXPECT_EQ(Page(run_), page_);
  EXPECT_FALSE(fs::exists(file_)) << "it only reads";
  const ChildResult evaluated =
      RunChild({"eval/eval", "--device=cpu", absl::StrCat("--checkpoint=", run_.string())});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_EQ(ReadFile(file_).value(), result_) << "//eval leaves what //train left";
}

TEST_F(ResultReportTest, ResultIsReadAlsoOfARunThatWasMoved) {
  const fs::path moved = Folder() / "elsewhere" / "with_result";
  fs::remove_all(moved);
  ASSERT_OK(CreateFolder(moved.parent_path()));
  ASSERT_OK(WriteAtomically(file_, Marked()));
  fs::rename(run_, moved);
  ASSERT_EQ(Report(moved).status, 0);
  EXPECT_THAT(Page(moved), HasSubstr("\"expected_calibration_error\":0.987654"));
}

TEST_F(ResultReportTest, ResultOfAnythingElseIsNotBelieved) {
  const std::string not_believed[] = {
      Marked("iteration: 5", "iteration: 4"),
      Marked("checkpoint_crc32c: ", "checkpoint_crc32c: 7  # not "),
      Marked("data_identity: \"", "data_identity: \"other "),
      Marked("split: \"test\"", "split: \"minival\""),
      Marked("examples {", "of_a_newer_program {"),
      Marked().substr(0, result_.size() / 2),
      "count: 360",
      "",
      std::string(1000, '\0'),
  };
  for (const std::string& text : not_believed) {
    ASSERT_OK(WriteAtomically(file_, text));
    const ChildResult result = Report(run_);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(Page(run_), page_) << text.substr(0, 200);
    EXPECT_EQ(ReadFile(file_).value(), text);
  }
}

// Of sixty-four pictures, those that no page shows are no longer there when the report is written
// again.
TEST_F(AnalysisProcessTest, ReportReadsOnlyWhatItShows) {
  TrainOnPictures(Folder(), "unread", 64);
  const fs::path run = Folder() / "unread";
  const fs::path file = run / "checkpoints" / "000000001.model.test.textproto";
  const std::string data_dir = absl::StrCat("--data_dir=", run.string(), "_data");
  const std::string page = Page(run);
  ASSERT_OK_AND_ASSIGN(const EvaluationResult result, ReadResult(file));
  std::set<int> shown;
  for (const auto& examples : {result.examples().first(), result.examples().surest_wrong(),
                               result.examples().least_sure_right()}) {
    for (const auto& example : examples) shown.insert(example.truth());
  }
  ASSERT_LT(shown.size(), 64);
  const auto picture = [&](int truth) {
    return fs::path(run.string() + "_data") / "val" / result.classes(truth).name() / "1.png";
  };
  for (int truth = 0; truth < 64; ++truth) {
    if (shown.count(truth) > 0) continue;
    ASSERT_OK(WriteAtomically(picture(truth), ""));
  }
  EXPECT_EQ(Report(run, data_dir).err, "");
  EXPECT_EQ(Page(run), page);
  // A shown one that is another, or gone: the result is not of these pictures.
  const std::string png = ReadFile(picture(*shown.begin())).value();
  for (const std::string& other : {EncodePng(MakePicture(8, 8, 99)), std::string()}) {
    ASSERT_OK(WriteAtomically(picture(*shown.begin()), other));
    EXPECT_THAT(Report(run, data_dir).err, HasSubstr("without pictures"));
  }
  ASSERT_OK(WriteAtomically(picture(*shown.begin()), png));
  EXPECT_EQ(Report(run, data_dir).err, "");
  fs::remove(file);
  EXPECT_THAT(Report(run, data_dir).err, HasSubstr("without pictures"));
}

// Each pass over the test part tells of its damaged picture.
TEST_F(AnalysisProcessTest, TrainingEvaluatesItsTestPartOnce) {
  const fs::path picture = Folder() / "once_data" / "val" / "class2" / "1.png";
  ASSERT_OK(CreateFolder(picture.parent_path()));
  TrainOnPictures(Folder(), "once", 4);
  const auto train = [&](const std::string& run) {
    return RunChild({"train/train", "--device=cpu",
                     absl::StrCat("--config=", (Folder() / "once" / "config.textproto").string()),
                     absl::StrCat("--run_dir=", (Folder() / run).string()),
                     absl::StrCat("--data_dir=", (Folder() / "once_data").string())});
  };
  EXPECT_EQ(train("with_good").err, "");
  ASSERT_OK(WriteAtomically(picture, WithoutEnd(EncodePng(MakePicture(8, 8)))));
  const ChildResult trained = train("with_damaged");
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_EQ(Count(trained.err, "1 images are damaged and were read"), 1) << trained.err;
  EXPECT_THAT(Page(Folder() / "with_damaged"), HasSubstr("\"groups\":[{"));
}

// tools/checks/check_report.py opens such a page in a browser.
TEST_F(AnalysisProcessTest, ReportsRunsSideBySide) {
  const std::string run = (Folder() / "run").string(), output = (Folder() / "two.html").string();
  ASSERT_OK_AND_ASSIGN(const std::string own, ReadFile(Folder() / "run" / "report.html"));
  EXPECT_THAT(own, HasSubstr("\"groups\":[{")) << "//train wrote it, with pictures";
  const ChildResult result = RunChild({"analysis/report", absl::StrCat("--run_dir=", run, ",", run),
                                       absl::StrCat("--output=", output)});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, output + "\n");
  ASSERT_OK_AND_ASSIGN(const std::string both, ReadFile(output));
  EXPECT_GT(both.size(), own.size() * 3 / 2);
  EXPECT_THAT(both, HasSubstr(absl::StrCat("\"name\":\"", run, "\"")));
}

TEST_F(AnalysisProcessTest, ARunWithoutCheckpointsHasAReportThatSaysSo) {
  const fs::path run = Folder() / "begun";
  fs::create_directories(run);
  for (const char* name : {"config.textproto", "run.json", "metrics.csv", "validation.csv"}) {
    fs::copy_file(Folder() / "run" / name, run / name);
  }
  const ChildResult result =
      RunChild({"analysis/report", absl::StrCat("--run_dir=", run.string())});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_OK_AND_ASSIGN(const std::string page, ReadFile(run / "report.html"));
  EXPECT_THAT(page, HasSubstr("\"missing\":\"Not shown: "));
}

TEST_F(AnalysisProcessTest, NoRunIsOneLine) {
  for (const std::string flag : {"--run_dir=/nonexistent", "--run_dir=", "--run_dir=,"}) {
    const ChildResult result = RunChild({"analysis/report", flag});
    EXPECT_NE(result.status, 0);
    EXPECT_THAT(result.err, StartsWith("report: "));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST_F(AnalysisProcessTest, PredictsInTextAndJson) {
  const ChildResult text = Predict({Images("pictures"), "--top=2"});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("wide.png  "));
  const ChildResult result = Predict({Images("pictures/wide.png"), "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json.size(), 1);
  EXPECT_EQ(json[0]["classes"].size(), 5);
  EXPECT_GT(json[0]["classes"][0]["probability"].get<double>(), 0.1);
}

TEST_F(AnalysisProcessTest, DamagedPicturesAreCounted) {
  const fs::path file = Folder() / "endless" / "a.png";
  ASSERT_OK(CreateFolder(file.parent_path()));
  ASSERT_OK(WriteAtomically(file, WithoutEnd(EncodePng(MakePicture(30, 50)))));
  const std::string warning = absl::StrCat(
      "1 images are damaged and were read as Pillow and "
      "torchvision read them; for example ",
      file.string(), ": a damaged PNG");
  for (const ChildResult& result :
       {Predict({Images("endless")}), Rollout({Images("endless")}, "out_endless")}) {
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr(warning));
  }
}

TEST_F(AnalysisProcessTest, FaithfulnessComparesWithOrdersThatKnowNothing) {
  const ChildResult result = Run("analysis/faithfulness", {"--count=5", "--steps=4"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("of 5 images"));
  EXPECT_THAT(result.out, HasSubstr("  random                 +0."));
  EXPECT_EQ(Run("analysis/faithfulness", {"--count=5", "--steps=4"}).out, result.out);
}

TEST_F(AnalysisProcessTest, EveryProgramRunsOnAGpu) {
  const auto gpu = FindDevice("cuda", "");
  if (!gpu.ok()) GTEST_SKIP() << gpu.status().message();
  for (const char* method : {"--method=rollout", "--method=last_layer", "--method=gradient"}) {
    const ChildResult result = Rollout({"--count=2", method, "--device=cuda"}, "on_gpu");
    EXPECT_EQ(result.status, 0) << result.err;
  }
  const ChildResult predicted = Predict({Images("pictures"), "--device=cuda"});
  EXPECT_EQ(predicted.status, 0) << predicted.err;
  const ChildResult scored =
      Run("analysis/faithfulness", {"--count=2", "--steps=4", "--device=cuda"});
  EXPECT_EQ(scored.status, 0) << scored.err;
  const ChildResult reported = RunChild({"analysis/report", "--device=cuda",
                                         absl::StrCat("--run_dir=", (Folder() / "run").string())});
  EXPECT_EQ(reported.status, 0) << reported.err;
}

TEST_F(AnalysisProcessTest, MistakesAreOneLine) {
  struct Mistake {
    ChildResult result;
    int status;
    std::string message;
  };
  const std::string twice =
      absl::StrCat(Images("pictures"), ",", (Folder() / "pictures" / "wide.png").string());
  const Mistake mistakes[] = {
      {RunChild({"analysis/rollout"}), 2, "--checkpoint"},
      {Rollout({}), 2, "--images or --count"},
      {Rollout({"--count=1", Images("pictures")}), 2, "--images or --count"},
      {Rollout({"--count=1", "--method=flow"}), 2, "rollout, last_layer or gradient"},
      {Rollout({"--count=1", "--discard_ratio=1"}), 2, "--discard_ratio"},
      {Rollout({"--count=1", "--discard_ratio=nan"}), 2, "--discard_ratio"},
      {Rollout({"--count=1", "--weights=swa"}), 1, "swa.every_iterations"},
      {Rollout({"--count=1", "--method=gradient", "--head_fusion=max"}), 2, "--head_fusion"},
      {Rollout({Images("nothing")}), 1, "no such file"},
      {Rollout({Images("nothing,")}), 2, "an empty name"},
      {Rollout({Images("damaged.png")}), 1, "damaged.png: "},
      {Rollout({twice}), 2, "two are called wide"},
      {RunChild({"analysis/faithfulness"}), 2, "--checkpoint"},
      {Run("analysis/faithfulness", {"--count=1"}), 2, "--count"},
      {Run("analysis/faithfulness", {"--split=minival", "--weights=ema"}), 1, "moving average"},
      {RunChild({"eval/predict"}), 2, "--checkpoint"},
      {Predict({}), 2, "--images"},
      {Predict({Images("damaged.png")}), 1, "damaged.png"},
      {Predict({Images("pictures"), "--top=0"}), 2, "--top"},
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
