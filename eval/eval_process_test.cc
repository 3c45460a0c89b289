// //eval as its users run it, on a run of //train.

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/parallel/listener.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "base/tensors/device.h"
#include "base/tensors/tensor_mean.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;
namespace fs = std::filesystem;

class EvalProcessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    fs::remove_all(Folder());
    const ChildResult trained =
        RunChild({"train/train", "--device=cpu", absl::StrCat("--run_dir=", Folder().string()),
                  "threads=1", "model.width=32", "model.depth=1", "schedule.iterations=20",
                  "schedule.warmup_iterations=0", "checkpoint.every_iterations=10",
                  "ema.horizon_fraction=0.5", "swa.every_iterations=10", "swa.start_iteration=10"});
    ASSERT_EQ(trained.status, 0) << trained.err;
  }

  static fs::path Folder() { return fs::path(::testing::TempDir()) / "eval_process_test"; }

  static ChildResult Eval(const std::vector<std::string>& flags,
                          const std::string& checkpoints = "") {
    std::vector<std::string> command = {
        "eval/eval", "--device=cpu", absl::StrCat("--checkpoint=", Folder().string(), checkpoints)};
    command.insert(command.end(), flags.begin(), flags.end());
    return RunChild(command);
  }

  static ChildResult Swa(std::vector<std::string> flags, const fs::path& output) {
    flags.insert(flags.begin(),
                 {"eval/swa", "--device=cpu", absl::StrCat("--run_dir=", Folder().string()),
                  absl::StrCat("--output=", output.string())});
    return RunChild(flags);
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

TEST_F(EvalProcessTest, OnAGpuTheFiguresAreTheSameButForRounding) {
  const auto gpu = FindDevice("cuda", "");
  if (!gpu.ok()) GTEST_SKIP() << gpu.status().message();
  const ChildResult result = Eval({"--json", "--details", "--flips", "--device=cuda"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json here = Json::parse(result.out), on_cpu = Json::parse(Eval({"--json", "--flips"}).out);
  EXPECT_EQ(here["count"], on_cpu["count"]);
  EXPECT_NEAR(here["correct_top1"].get<int>(), on_cpu["correct_top1"].get<int>(), 1);
  EXPECT_NEAR(here["loss"].get<double>(), on_cpu["loss"].get<double>(), 1e-4);
  const fs::path soup = Folder() / "soup_on_gpu";
  fs::remove_all(soup);
  const ChildResult greedy = Swa({"--count=2", "--greedy", "--device=cuda"}, soup);
  EXPECT_EQ(greedy.status, 0) << greedy.err;
}

// With as many threads each: more could round in another order.
TEST_F(EvalProcessTest, ProcessesThatShareTheImagesSayTheSame) {
  const auto evaluate = [](const std::string& processes) {
    return RunChild({"/usr/bin/env", "OMP_THREAD_LIMIT=1", "eval/eval", "--device=cpu", "--json",
                     "--split=train", absl::StrCat("--processes=", processes),
                     absl::StrCat("--checkpoint=", Folder().string())});
  };
  const ChildResult one = evaluate("1");
  ASSERT_EQ(one.status, 0) << one.err;
  for (const char* processes : {"2", "3"}) {
    const ChildResult several = evaluate(processes);
    ASSERT_EQ(several.status, 0) << several.err;
    EXPECT_EQ(several.out, one.out) << processes;
  }
}

// As a launcher would start them; each has its own idea of what to evaluate.
TEST_F(EvalProcessTest, ProcessesThatDisagreeGiveNoFigures) {
  const Listener free = ListenOnLoopback().value();
  close(free.fd);
  const auto start = [&](int rank, const std::string& flag) {
    return ChildProcess::Start({"/usr/bin/env", absl::StrCat("RANK=", rank), "WORLD_SIZE=2",
                                "MASTER_ADDR=127.0.0.1", absl::StrCat("MASTER_PORT=", free.port),
                                "eval/eval", "--device=cpu",
                                absl::StrCat("--checkpoint=", Folder().string()), flag})
        .value();
  };
  ChildProcess one = start(0, "--split=test"), other = start(1, "--split=minival");
  EXPECT_EQ(one.Wait(), 2);
  EXPECT_EQ(other.Wait(), 2);
  EXPECT_EQ(one.Out(), "");
  EXPECT_THAT(one.Err(), HasSubstr("rank 1 in --split ('minival' and 'test')"));
}

TEST_F(EvalProcessTest, AverageIsAnotherModel) {
  const ChildResult result = Eval({"--json", "--weights=ema"});
  ASSERT_EQ(result.status, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["correct_top1"], Record()["test_ema"]["correct_top1"]);
  EXPECT_NE(json["loss"], Record()["test"]["loss"]);
}

// Of the same checkpoints, to the last bit.
TEST_F(EvalProcessTest, AverageAfterTrainingIsTheOneKeptDuringIt) {
  const fs::path output = Folder() / "averaged";
  fs::remove_all(output);
  const ChildResult averaged = Swa({"--count=2"}, output);
  ASSERT_EQ(averaged.status, 0) << averaged.err;
  EXPECT_THAT(averaged.out, HasSubstr("the mean of 2 checkpoints, 10, 20"));

  ASSERT_OK_AND_ASSIGN(const Checkpoint after, ReadCheckpoint(output));
  ASSERT_OK_AND_ASSIGN(const Checkpoint during,
                       ReadCheckpoint(Folder() / "checkpoints" / "000000020"));
  ASSERT_TRUE(during.swa.has_value());
  const TensorMap mean = MeanOf(*during.swa, during.manifest.swa_count());
  ASSERT_EQ(mean.size(), after.model.size());
  for (const auto& [name, tensor] : after.model) EXPECT_TRUE(mean.at(name).equal(tensor)) << name;

  const Json running = Json::parse(Eval({"--json", "--weights=swa"}).out);
  const Json offline = Json::parse(Eval({"--json"}, "/averaged").out);
  for (const char* field : {"count", "correct_top1", "correct_top5", "loss", "iteration"}) {
    EXPECT_EQ(running[field], offline[field]) << field;
  }
  EXPECT_EQ(running["correct_top1"], Record()["test_swa"]["correct_top1"]);
}

TEST_F(EvalProcessTest, AnAverageBeginsRunsAndIsNotResumed) {
  const fs::path output = Folder() / "to_begin_from", run = Folder() / "begun";
  fs::remove_all(output);
  fs::remove_all(run);
  ASSERT_EQ(Swa({"--checkpoints=10,20"}, output).status, 0);
  const ChildResult begun =
      RunChild({"train/train", absl::StrCat("--run_dir=", run.string()), "threads=1",
                absl::StrCat("--init_from=", output.string()), "model.width=32", "model.depth=1",
                "schedule.iterations=1", "schedule.warmup_iterations=0"});
  EXPECT_EQ(begun.status, 0) << begun.err;
}

TEST_F(EvalProcessTest, SelectionIsRecorded) {
  const fs::path soup = Folder() / "soup", marked = Folder() / "marked";
  fs::remove_all(soup);
  fs::remove_all(marked);
  ASSERT_EQ(Swa({"--count=2", "--greedy", "data.on_bad_image=SKIP"}, soup).status, 0);
  ASSERT_OK_AND_ASSIGN(const Checkpoint on_minival, ReadCheckpoint(soup));
  EXPECT_EQ(on_minival.manifest.average_of().selection_split(), "minival");
  const ChildResult on_test = Swa({"--count=2", "--greedy", "--selection_split=test"}, marked);
  ASSERT_EQ(on_test.status, 0) << on_test.err;
  EXPECT_THAT(on_test.out, HasSubstr("no estimate any more"));
  ASSERT_OK_AND_ASSIGN(const Checkpoint selected, ReadCheckpoint(marked));
  EXPECT_EQ(selected.manifest.average_of().selection_split(), "test");
  EXPECT_THAT(Eval({}, "/marked").out, HasSubstr("(selected on this split: no estimate)\n"));
  EXPECT_TRUE(Json::parse(Eval({"--json"}, "/marked").out)["selected_on_this_split"]);
  EXPECT_THAT(Eval({"--split=minival"}, "/marked").out, Not(HasSubstr("no estimate")));
  ASSERT_OK_AND_ASSIGN(const std::string result,
                       ReadFile(Folder() / "marked.model.test.textproto"));
  EXPECT_THAT(result, HasSubstr("selection_split: \"test\""));
}

TEST_F(EvalProcessTest, DetailsAndFlips) {
  const ChildResult details = Eval({"--details"}), flips = Eval({"--flips"});
  ASSERT_EQ(details.status, 0) << details.err;
  EXPECT_THAT(details.out, AllOf(HasSubstr("calibration error 0."), HasSubstr("taken for")));
  ASSERT_EQ(flips.status, 0) << flips.err;
  EXPECT_NE(details.out.substr(0, details.out.find('\n')),
            flips.out.substr(0, flips.out.find('\n')));
  EXPECT_TRUE(fs::exists(Folder() / "checkpoints" / "000000020.model.test.flips.textproto"));
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
      {Eval({"--weights=best"}), 2, "must be model, ema or swa"},
      {Swa({}, "x"), 2, "give one of"},
      {Swa({"--count=1", "--preset=280k-330k"}, "x"), 2, "give one of"},
      {Swa({"--preset=swa-5"}, "x"), 2, "280k-330k, 250k-350k, 280k-last, last-5"},
      {Swa({"--preset=280k-330k"}, "x"), 1, "[280000, 330001)"},
      {Swa({"--count=9"}, "x"), 1, "no last 9"},
      {Swa({"--checkpoints=11"}, "x"), 1, "000000011"},
      {Swa({"--count=2"}, Folder()), 2, "is there already; remove it or name another"},
      {Swa({"--count=2"}, ""), 2, "--output"},
      {Swa({"--count=2"}, Folder() / "checkpoints" / "000000030"), 2, "checkpoint of the run"},
      {Swa({"--checkpoints=20,,10"}, "x"), 2, "an empty name"},
      {Swa({"--checkpoints=20,20"}, "x"), 2, "named twice"},
      {Swa({"--count=2", "--selection_split=test"}, "x"), 2, "--greedy"},
      {Swa({"--count=2", "seed=3"}, "x"), 2, "data.on_bad_image=SKIP"},
      {Eval({}, ","), 2, "an empty name"},
      {Eval({"--split=dev"}), 2, "--split: must be train, minival or test"},
      {Eval({"--device=tpu"}), 2, "--device"},
      {Eval({"--loader_threads=-1"}), 2, "--loader_threads"},
      {Eval({}, "/nothing"), 1, "/nothing: is not there"},
  };
  for (const auto& [result, status, message] : mistakes) {
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(EvalProcessTest, PathsInTheHomeFolderAreFound) {
  const fs::path folder = Folder();
  const ChildResult result =
      RunChild({"env", absl::StrCat("HOME=", folder.parent_path().string()), "eval/eval",
                absl::StrCat("--checkpoint=~/", folder.filename().string())});
  EXPECT_EQ(result.status, 0) << result.err;
}

// Finite, but too large to compute with.
TEST_F(EvalProcessTest, HugeWeightsAreOneLine) {
  const fs::path huge = Folder() / "huge";
  fs::remove_all(huge);
  ASSERT_OK_AND_ASSIGN(Checkpoint checkpoint,
                       ReadCheckpoint(Folder() / "checkpoints" / "000000020"));
  for (auto& [name, tensor] : checkpoint.model) tensor = tensor.mul(1e30);
  ASSERT_OK(WriteCheckpointAs(huge, checkpoint));
  for (const char* flag : {"--json", "--details"}) {
    const ChildResult result = Eval({flag}, "/huge");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("huge: "), HasSubstr("take an earlier checkpoint")));
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(Eval({}, "/checkpoints/000000010").status, 0);
}

// A model of image files, whose reading is what threads share.
class EvalImagesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    WritePictures("data", {"cat", "dog"});
    WritePictures("others", {"cat", "dog", "fox"});
    Train("run", {"data.minival_size=0"});
    Train("wide", {"model.width=32"});
  }

  static fs::path Folder() { return fs::path(::testing::TempDir()) / "eval_images_test"; }

  static void WritePictures(const std::string& data, const std::vector<std::string>& classes) {
    for (const std::string& name : classes) {
      for (int i = 0; i < 30; ++i) {
        const fs::path file = absl::StrCat(i < 5 ? "train" : "val", "/", name, "/", i, ".png");
        WriteTestFile(Folder() / data / file, EncodePng(MakePicture(40 + i, 50, 10 * i)));
      }
    }
  }

  static void Train(const std::string& run, const std::vector<std::string>& more) {
    fs::remove_all(Folder() / run);
    std::vector<std::string> command = {"train/train",
                                        "--noreport",
                                        absl::StrCat("--run_dir=", (Folder() / run).string()),
                                        absl::StrCat("--data_dir=", (Folder() / "data").string()),
                                        "threads=1",
                                        "model.channels=3",
                                        "model.width=16",
                                        "model.heads=2",
                                        "model.depth=1",
                                        "model.num_classes=2",
                                        "data.source=IMAGE_FOLDER",
                                        "data.batch_size=5",
                                        "data.minival_size=0",
                                        "data.train_transforms=[{resize_and_center_crop {}}]",
                                        "data.evaluation_transforms=[{resize_and_center_crop {}}]",
                                        "schedule.iterations=2",
                                        "schedule.warmup_iterations=0",
                                        "validation.every_iterations=0"};
    command.insert(command.end(), more.begin(), more.end());
    const ChildResult trained = RunChild(command);
    ASSERT_EQ(trained.status, 0) << trained.err;
  }

  static ChildResult Eval(const std::string& data, const std::vector<std::string>& more,
                          const std::string& run = "run") {
    std::vector<std::string> command = {"eval/eval", "--json",
                                        absl::StrCat("--checkpoint=", (Folder() / run).string()),
                                        absl::StrCat("--data_dir=", (Folder() / data).string())};
    command.insert(command.end(), more.begin(), more.end());
    return RunChild(command);
  }
};

TEST_F(EvalImagesTest, TheNumberOfLoadingThreadsChangesNoBit) {
  const fs::path file = Folder() / "run" / "checkpoints" / "000000002.model.test.textproto";
  const ChildResult one = Eval("data", {"--loader_threads=1"});
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_EQ(Json::parse(one.out)["count"], 50);
  ASSERT_OK_AND_ASSIGN(const std::string counts, ReadFile(file));
  for (const char* threads : {"--loader_threads=2", "--loader_threads=7", "--loader_threads=1"}) {
    fs::remove(file);
    EXPECT_EQ(Eval("data", {threads}).out, one.out) << threads;
    EXPECT_EQ(ReadFile(file).value(), counts) << threads;
  }
}

TEST_F(EvalImagesTest, BadImagesAreLeftOutAndCountedWhereThatIsAsked) {
  WritePictures("damaged", {"cat", "dog"});
  WriteTestFile(Folder() / "damaged" / "val" / "cat" / "7.png", "");
  WriteTestFile(Folder() / "damaged" / "val" / "dog" / "9.png", "<html>");
  const ChildResult refused = Eval("damaged", {});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("7.png: "), HasSubstr("data.on_bad_image=SKIP")));
  const ChildResult skipped = Eval("damaged", {"data.on_bad_image=SKIP"});
  ASSERT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_THAT(skipped.err, HasSubstr("2 images could not be read and are not counted"));
  const Json json = Json::parse(skipped.out);
  EXPECT_EQ(json["count"], 48);
  EXPECT_EQ(json["left_out"], 2);
  EXPECT_THAT(Eval("damaged", {"data.on_bad_image=SKIP", "--nojson"}).out,
              HasSubstr("(without 2 that can't be read)"));
  EXPECT_THAT(Eval("damaged", {"data.on_bad_image=FAIL"}).err, HasSubstr("7.png: "));
  EXPECT_FALSE(Json::parse(Eval("data", {}).out).contains("left_out"));
  const ChildResult other = Eval("data", {"seed=3"});
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr("only data.on_bad_image=SKIP"));
}

// Of three parts, beside a run on the first two.
class EvalThreePartsTest : public EvalImagesTest {
 protected:
  void SetUp() override {
    fs::remove_all(Folder() / "three");
    fs::copy(Folder() / "data", Folder() / "three", fs::copy_options::recursive);
    for (const char* name : {"cat", "dog"}) {
      for (int i = 0; i < 4; ++i) {
        WriteTestFile(Folder() / "three/test" / name / absl::StrCat(i, ".png"),
                      EncodePng(MakePicture(50, 40 + i, 10 * i)));
      }
    }
  }

  static Json Count(const ChildResult& result) {
    EXPECT_EQ(result.status, 0) << result.err;
    return Json::parse(result.out)["count"];
  }
};

TEST_F(EvalThreePartsTest, SplitsAreTheGivenParts) {
  Train("of_three", {absl::StrCat("--data_dir=", (Folder() / "three").string()),
                     "validation.every_iterations=1"});
  const ChildResult test = Eval("three", {}, "of_three");
  EXPECT_EQ(Count(test), 8);
  EXPECT_EQ(test.err, "");
  EXPECT_EQ(Count(Eval("three", {"--split=minival"}, "of_three")), 50);
  EXPECT_EQ(Count(Eval("three", {"--split=train"}, "of_three")), 10);
  EXPECT_THAT(ReadFile(Folder() / "of_three/validation.csv").value(), HasSubstr("1,minival,"));
  EXPECT_THAT(ReadFile(Folder() / "of_three/run.json").value(),
              HasSubstr("; train: train/, minival: val/, test: test/\""));
}

// The figure of its run.json is that of val/, and so is this one.
TEST_F(EvalThreePartsTest, RunOnTwoPartsSaysWhatItsTestPartWas) {
  const ChildResult test = Eval("three", {});
  EXPECT_EQ(Count(test), 50);
  EXPECT_EQ(test.out, Eval("data", {}).out);
  EXPECT_THAT(test.err, HasSubstr("the run's test part is val/; not used: test/"));
  EXPECT_EQ(Eval("data", {}).err, "");
}

// As one of before there was a choice, which had a minival of its own.
TEST_F(EvalThreePartsTest, RunOfAnOlderProgramSaysWhatItsTestPartWas) {
  Train("older", {absl::StrCat("--data_dir=", (Folder() / "three").string()),
                  "data.given_parts=VAL_AS_TEST", "data.minival_size=2"});
  const fs::path path = Folder() / "older/checkpoints/000000002";
  ASSERT_OK_AND_ASSIGN(Checkpoint checkpoint, ReadCheckpoint(path));
  checkpoint.manifest.mutable_config()->mutable_data()->clear_given_parts();
  ASSERT_OK(WriteCheckpointAs(path, checkpoint));
  const ChildResult test = Eval("three", {}, "older");
  EXPECT_EQ(Count(test), 50);
  EXPECT_THAT(test.err, HasSubstr("the run's test part is val/; not used: test/"));
  EXPECT_EQ(Count(Eval("three", {"--split=minival"}, "older")), 2);
}

TEST_F(EvalImagesTest, DamagedImagesAreCounted) {
  fs::remove_all(Folder() / "damaged");
  fs::copy(Folder() / "data", Folder() / "damaged", fs::copy_options::recursive);
  const fs::path file = Folder() / "damaged/val/cat/7.png";
  WriteTestFile(file, WithoutEnd(ReadFile(file).value()));
  const ChildResult good = Eval("data", {}), result = Eval("damaged", {});
  ASSERT_EQ(result.status, 0) << result.err;
  Json json = Json::parse(result.out);
  EXPECT_EQ(json["damaged"], 1);
  json.erase("damaged");
  EXPECT_EQ(json, Json::parse(good.out)) << "the pixels are the same";
  EXPECT_THAT(result.err, HasSubstr(absl::StrCat("1 images are damaged and were read as Pillow and "
                                                 "torchvision read them; for example ",
                                                 file.string(), ": a damaged PNG")));
  EXPECT_EQ(good.err, "");
}

TEST_F(EvalImagesTest, ClassesWithLineBreaksAreALineEach) {
  WritePictures("lines", {"ca\nt", "dog"});
  Train("run_on_lines", {absl::StrCat("--data_dir=", (Folder() / "lines").string())});
  const ChildResult details = Eval("lines", {"--details", "--nojson"}, "run_on_lines");
  ASSERT_EQ(details.status, 0) << details.err;
  EXPECT_THAT(details.out, HasSubstr("ca\\nt"));
  EXPECT_EQ(std::count(details.out.begin(), details.out.end(), '\n'), 3) << details.out;
}

TEST_F(EvalImagesTest, WhatDoesNotFitIsOneLine) {
  const fs::path broken = Folder() / "broken";
  fs::remove_all(broken);
  fs::copy(Folder() / "run" / "checkpoints" / "000000002", broken);
  fs::copy_file(Folder() / "wide" / "checkpoints" / "000000002" / "model.safetensors",
                broken / "model.safetensors", fs::copy_options::overwrite_existing);
  const struct {
    ChildResult result;
    std::string message;
  } mistakes[] = {
      {Eval("others", {}), "fox"},
      {Eval("data", {"--split=minival"}), "held out no minival split; take train or test"},
      {Eval("data", {"--weights=ema"}), "train with ema.horizon_fraction above 0"},
      {Eval("data", {"--weights=swa"}), "or make one of checkpoints by //eval:swa"},
      {Eval("data", {}, "broken"), "model.safetensors"},
      {Eval("nowhere", {}), "nowhere"},
  };
  for (const auto& [result, message] : mistakes) {
    EXPECT_EQ(result.status, 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(Eval("data", {"--split=train"}).status, 0);
}

}  // namespace
}  // namespace vitrine
