// Runs on image files, with everything random switched on: the same bits whatever the files are
// kept in, however many threads read them, and wherever the run was killed.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "data/image/decode.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/source/parquet/parquet_testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/checkpoint/checkpoint.h"
#include "train/testing.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kIterations = 12;

// 13 images and batches of 4: epochs of three iterations, with one image left over.
constexpr char kConfig[] = R"pb(
  threads: 1
  model {
    image_size: 24
    image_width: 32
    channels: 3
    patch_size: 8
    num_classes: 2
    depth: 1
    heads: 2
    width: 16
    dropout: 0.1
  }
  data {
    source: IMAGE_FOLDER
    batch_size: 4
    normalization: IMAGENET_STATS
    train_transforms { random_resized_crop {} }
    train_transforms { horizontal_flip {} }
    train_transforms { color_jitter { brightness: 0.4 contrast: 0.4 saturation: 0.4 hue: 0.1 } }
    train_transforms { rand_augment {} }
    train_transforms { trivial_augment_wide {} }
    train_transforms { auto_augment {} }
    train_transforms { random_erasing {} }
    evaluation_transforms { resize_and_center_crop {} }
    mix { mixup_alpha: 0.2 cutmix_alpha: 1 }
  }
  logging { every_iterations: 1 }
  checkpoint { every_iterations: 1 keep_last: 2 }
)pb";

struct Picture {
  std::string part, label, name, bytes;
};

std::vector<Picture> Pictures() {
  std::vector<Picture> pictures;
  for (int i = 0; i < 19; ++i) {
    const bool trains = i < 13, is_cat = trains ? i < 7 : i < 16;
    pictures.push_back({trains ? "train" : "val", is_cat ? "cat" : "dog",
                        absl::StrCat(100 + i, ".jpg"),
                        EncodeJpeg(MakePicture(40 + 3 * i, 90 - i, i), 90)});
  }
  return pictures;
}

class ImageTrainingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteTestFile(folder_ / "config.textproto", kConfig);
    for (const Picture& picture : Pictures()) {
      WriteTestFile(folder_ / "files" / picture.part / picture.label / picture.name, picture.bytes);
    }
  }

  void WriteParquet() {
    std::map<std::string, std::vector<ParquetRow>> rows;
    for (const Picture& p : Pictures()) {
      rows[p.part].push_back({p.bytes, p.name, p.label == "cat" ? 0 : 1});
    }
    fs::create_directories(folder_ / "parquet");
    const std::vector<ParquetRow>& train = rows["train"];
    const auto write = [&](const char* name, const std::vector<ParquetRow>& some) {
      WriteTestParquet(folder_ / "parquet" / name, {"cat", "dog"}, some, /*rows_per_group=*/3);
    };
    write("train-00000-of-00002.parquet", {train.begin(), train.begin() + 5});
    write("train-00001-of-00002.parquet", {train.begin() + 5, train.end()});
    write("validation-00000-of-00001.parquet", rows["val"]);
  }

  std::vector<std::string> Command(const std::string& run, const std::string& data,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {
        "train/train",
        "--noreport",
        "--resume",
        "--device=cpu",
        absl::StrCat("--config=", (folder_ / "config.textproto").string()),
        absl::StrCat("--data_dir=", (folder_ / data).string()),
        absl::StrCat("--run_dir=", (folder_ / run).string()),
        absl::StrCat("schedule.iterations=", kIterations)};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  // Without the manifest, which holds the config.
  std::map<std::string, std::string> Train(const std::string& run, const std::string& data,
                                           const std::vector<std::string>& more = {}) const {
    const ChildResult result = RunChild(Command(run, data, more));
    EXPECT_EQ(result.status, 0) << result.err;
    auto contents = RunContents(folder_ / run, kIterations);
    EXPECT_EQ(contents.erase("manifest.pb") + contents.erase("manifest.textproto"), 2);
    return contents;
  }

  const fs::path folder_ = EmptyFolder("image_training_test");
};

TEST_F(ImageTrainingTest, SameBitsFromEveryLayoutWithAnyNumberOfThreads) {
  const auto expected = Train("folder", "files", {"data.loader_threads=1"});
  EXPECT_EQ(expected.size(), 4) << "weights, optimizer and two logs";
  EXPECT_EQ(Train("threads", "files", {"data.loader_threads=8"}), expected);
  WriteParquet();
  EXPECT_EQ(Train("parquet_run", "parquet", {"data.source=PARQUET"}), expected);
  ASSERT_EQ(RunChild({"data/prepare/prepare", "--dataset=images",
                      absl::StrCat("--data_dir=", (folder_ / "parquet").string()),
                      absl::StrCat("--pack_into=", (folder_ / "packed").string())})
                .status,
            0);
  EXPECT_EQ(Train("packed_run", "packed", {"data.source=PACKED"}), expected);
  EXPECT_NE(Train("other_seed", "files", {"seed=1"}), expected);
  EXPECT_THAT(ReadFile(folder_ / "folder/run.json").value(),
              HasSubstr("13 train, 0 minival, 6 test image files, 2 classes (list "));
}

TEST_F(ImageTrainingTest, KilledInTheMiddleOfAnEpochAndResumed) {
  const auto expected = Train("whole", "files");
  int unfinished = 0;
  for (const int iteration : {1, 4, 5, 8, 11}) {
    const std::string run = absl::StrCat("killed", iteration);
    ASSERT_OK_AND_ASSIGN(ChildProcess child, ChildProcess::Start(Command(run, "files")));
    // Or a later one: each is gone two iterations on, perhaps before a busy machine lets us look.
    ASSERT_TRUE(WaitWhileChildRuns([&] { return NewestCheckpoint(folder_ / run) >= iteration; }))
        << child.Err();
    child.Signal(SIGKILL);
    child.Wait();
    unfinished += NewestCheckpoint(folder_ / run) < kIterations;
    EXPECT_EQ(Train(run, "files"), expected) << "killed after " << iteration;
  }
  EXPECT_GT(unfinished, 0) << "every run had come to its end before it was killed";
}

TEST_F(ImageTrainingTest, BadImageEndsTheRunWithItsName) {
  WriteTestFile(folder_ / "files/train/dog/bad.jpg", "<html>no such file</html>");
  const ChildResult result = RunChild(Command("fails", "files"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr((folder_ / "files/train/dog/bad.jpg").string()),
                                HasSubstr("a web page")));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
}

// A bad image in the middle of an epoch: what was trained is there, and each way to go on that the
// messages name is one.
TEST_F(ImageTrainingTest, BadImageLosesNothing) {
  const fs::path bad = folder_ / "files/train/dog/bad.jpg";
  const std::string good = EncodeJpeg(MakePicture(50, 60, 7), 90);
  WriteTestFile(bad, good);
  const std::vector<std::string> seldom = {"checkpoint.every_iterations=0", "seed=1"};
  const auto expected = Train("whole", "files", seldom);
  WriteTestFile(bad, good.substr(0, 20));
  const ChildResult ended = RunChild(Command("run", "files", seldom));
  EXPECT_EQ(ended.status, 1);
  const int iteration = NewestCheckpoint(folder_ / "run");
  ASSERT_GT(iteration, 0) << "a seed with which it is not in the first batch is needed";
  ASSERT_LT(iteration, kIterations);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("bad.jpg: "), HasSubstr("data.on_bad_image=SKIP"),
                               HasSubstr(absl::StrCat("go on from iteration ", iteration,
                                                      " with --resume --run_dir="))));
  EXPECT_EQ(ended.err.find('\n'), ended.err.size() - 1) << ended.err;
  fs::copy(folder_ / "run", folder_ / "skips", fs::copy_options::recursive);

  const ChildResult skipped =
      RunChild(Command("skips", "files", {seldom[0], seldom[1], "data.on_bad_image=SKIP"}));
  EXPECT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_THAT(skipped.out, HasSubstr(absl::StrCat("resumed after ", iteration)));

  fs::remove(bad);  // which nothing advises: it is other data then
  const ChildResult removed = RunChild(Command("run", "files", seldom));
  EXPECT_EQ(removed.status, 1);
  EXPECT_THAT(removed.err, HasSubstr("the run was on other data, 14 train"));

  WriteTestFile(bad, good);
  EXPECT_EQ(Train("run", "files", seldom), expected) << "mended";
}

TEST_F(ImageTrainingTest, BadImagesAreSkippedTheSameWayEveryTime) {
  WriteTestFile(folder_ / "files/train/dog/bad.jpg", "");
  WriteTestFile(folder_ / "files/val/dog/bad.jpg", "");
  const std::vector<std::string> skip = {"data.on_bad_image=SKIP"};
  const ChildResult result = RunChild(Command("skips", "files", {skip[0], "--report"}));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("1 training images could not be read and were replaced"),
                                HasSubstr("train/dog/bad.jpg"),
                                HasSubstr("1 images could not be read and are not counted")));
  EXPECT_THAT(result.out, HasSubstr("of 6)"));
  EXPECT_THAT(ReadFile(folder_ / "skips/report.html").value(),
              AllOf(HasSubstr("\"groups\":[{"), HasSubstr("\"left_out\":1")));
  EXPECT_EQ(Train("again", "files", {"data.on_bad_image=SKIP", "data.loader_threads=7"}),
            Train("skips", "files", skip));
}

// The default, on_bad_image FAIL, is no reason to refuse them.
TEST_F(ImageTrainingTest, DamagedImagesAreReadAndCountedAtTheEnd) {
  const std::string png = WithoutEnd(EncodePng(MakePicture(50, 40)));
  const std::string jpeg = EncodeJpeg(MakePicture(50, 40), 90);
  WriteTestFile(folder_ / "files/train/cat/100.jpg", png);
  WriteTestFile(folder_ / "files/train/dog/112.jpg", png);
  WriteTestFile(folder_ / "files/val/cat/113.jpg", jpeg.substr(0, jpeg.size() / 2) + "\xff\xd9");
  const ChildResult result = RunChild(Command("run", "files"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("of 6)"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("2 images are damaged and were read as Pillow and"),
                                HasSubstr("train/cat/100.jpg: a damaged PNG ("),
                                HasSubstr("1 images are damaged and were read as Pillow and"),
                                HasSubstr("val/cat/113.jpg: a damaged JPEG (")));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 2) << result.err;
}

TEST_F(ImageTrainingTest, OneChannelIsGrey) {
  const std::vector<std::string> grey = {"model.channels=1", "data.normalization=HALF"};
  const ChildResult result = RunChild(Command("run", "files", grey));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2 classes (list "));
  EXPECT_THAT(result.out, HasSubstr(", read in grey\n"));
  // Pictures that are grey as files make the same run.
  for (const Picture& picture : Pictures()) {
    const fs::path file = fs::path(picture.part) / picture.label / picture.name;
    EncodedImage encoded = EncodedImage::Open(picture.bytes, {.grey = true}).value();
    Image image;
    ASSERT_OK(encoded.Decode(&image));
    WriteTestFile(folder_ / "grey" / file, EncodePng(image));
    encoded = EncodedImage::Open(picture.bytes).value();
    ASSERT_OK(encoded.Decode(&image));
    WriteTestFile(folder_ / "colours" / file, EncodePng(image));
  }
  EXPECT_EQ(Train("of_colours", "colours", grey), Train("of_grey", "grey", grey));
}

// Which needs no data, nor a word about them.
TEST_F(ImageTrainingTest, FinishedRunIsSaidToBe) {
  Train("run", "files");
  const std::string run_dir = absl::StrCat("--run_dir=", (folder_ / "run").string());
  const ChildResult finished = RunChild({"train/train", "--noreport", "--resume", run_dir});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("this run is finished"));
  const ChildResult longer = RunChild({"train/train", "--resume", run_dir, "schedule.iterations=99",
                                       absl::StrCat("--data_dir=", (folder_ / "files").string())});
  EXPECT_EQ(longer.status, 1);
  EXPECT_THAT(longer.err, HasSubstr("iterations: 12 -> 99"));
}

TEST_F(ImageTrainingTest, OtherClassesOnResumeAreRefused) {
  Train("run", "files");
  fs::remove(folder_ / "run" / "run.json");
  fs::rename(folder_ / "files/train/cat", folder_ / "files/train/zebra");
  fs::rename(folder_ / "files/val/cat", folder_ / "files/val/zebra");
  const ChildResult result = RunChild(Command("run", "files"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("other classes"), HasSubstr("the same --data_dir")));
  for (const char* part : {"files/train", "files/val"}) {
    fs::rename(folder_ / part / "zebra", folder_ / part / "cat");
  }
  EXPECT_EQ(RunChild(Command("run", "files")).status, 0);
}

TEST_F(ImageTrainingTest, OtherDataOnResumeIsRefused) {
  Train("run", "files");
  fs::remove(folder_ / "run" / "run.json");
  fs::rename(folder_ / "files/train/cat/100.jpg", folder_ / "aside.jpg");
  const ChildResult result = RunChild(Command("run", "files"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("13 train, 0 minival, 6 test"),
                                HasSubstr("12 train, 0 minival, 6 test"),
                                HasSubstr("the same --data_dir, or start a new run")));
  EXPECT_EQ(RunChild(Command("new", "files")).status, 0);
  fs::rename(folder_ / "aside.jpg", folder_ / "files/train/cat/100.jpg");
  EXPECT_EQ(RunChild(Command("run", "files")).status, 0);
}

class ThreePartsTest : public ImageTrainingTest {
 protected:
  void SetUp() override {
    ImageTrainingTest::SetUp();
    for (const char* name : {"cat", "dog"}) {
      WriteTestFile(folder_ / "files/test" / name / "1.jpg",
                    EncodeJpeg(MakePicture(40, 50, 3), 90));
    }
  }

  // What older programs wrote had no word of it.
  void ForgetGivenParts(const fs::path& run) {
    const std::string config = ReadFile(run / "config.textproto").value();
    const std::string line = "  given_parts: VAL_AS_TEST\n";
    const size_t at = config.find(line);
    ASSERT_NE(at, std::string::npos);
    WriteTestFile(run / "config.textproto", config.substr(0, at) + config.substr(at + line.size()));
    for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
      if (!entry.is_directory()) continue;
      ASSERT_OK_AND_ASSIGN(Checkpoint checkpoint, ReadCheckpoint(entry.path()));
      checkpoint.manifest.mutable_config()->mutable_data()->clear_given_parts();
      ASSERT_OK(WriteCheckpointAs(entry.path(), checkpoint));
    }
  }
};

TEST_F(ThreePartsTest, ValidatesOnTheOneAndTestsOnTheOther) {
  const ChildResult result = RunChild(Command("run", "files", {"validation.every_iterations=6"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("13 train, 6 minival, 2 test image files"),
                                HasSubstr("train: train/, minival: val/, test: test/"),
                                HasSubstr("12/12  minival loss"), HasSubstr("of 2)")));
  EXPECT_THAT(ReadFile(folder_ / "run/validation.csv").value(),
              AllOf(HasSubstr("\n6,minival,"), HasSubstr(",6\n"), HasSubstr("\n12,test,")));
}

TEST_F(ThreePartsTest, MinivalIsGivenOrHeldOutAndThereIfItIsAskedFor) {
  const ChildResult both = RunChild(Command("run", "files", {"data.minival_size=2"}));
  EXPECT_EQ(both.status, 1);
  EXPECT_THAT(both.err, HasSubstr("data.minival_size: minival is val/"));
  fs::remove_all(folder_ / "files/test");
  const ChildResult none = RunChild(Command("run", "files", {"validation.every_iterations=6"}));
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("validation.every_iterations: needs a minival"));
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

// On the bits that it would have had.
TEST_F(ThreePartsTest, RunOfAnOlderProgramGoesOnAsItWas) {
  const auto expected = Train(
      "older", "files",
      {"data.given_parts=VAL_AS_TEST", "data.minival_size=2", "validation.every_iterations=4"});
  fs::remove(folder_ / "older/run.json");
  fs::remove_all(folder_ / "older/checkpoints/000000012");
  ForgetGivenParts(folder_ / "older");
  const ChildResult resumed = RunChild({"train/train", "--noreport", "--resume",
                                        absl::StrCat("--data_dir=", (folder_ / "files").string()),
                                        absl::StrCat("--run_dir=", (folder_ / "older").string())});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.out,
              AllOf(HasSubstr("resumed after 11 iterations"),
                    HasSubstr("11 train, 2 minival, 6 test image files"),
                    HasSubstr("train and minival: train/, test: val/, not used: test/")));
  auto contents = RunContents(folder_ / "older", kIterations);
  EXPECT_EQ(contents.erase("manifest.pb") + contents.erase("manifest.textproto"), 2);
  EXPECT_EQ(contents, expected);
}

// A run on two parts whose folder got a third.
TEST_F(ThreePartsTest, RunThatWouldValidateOnOtherImagesIsRefused) {
  fs::rename(folder_ / "files/test", folder_ / "later");
  Train("run", "files");
  fs::remove(folder_ / "run/run.json");
  fs::rename(folder_ / "later", folder_ / "files/test");
  const ChildResult result = RunChild(Command("run", "files"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("13 train, 0 minival, 6 test"),
                                HasSubstr("13 train, 6 minival, 2 test")));
}

// What was trained is there although the evaluation fails, and the run goes on once told to skip.
TEST_F(ImageTrainingTest, BadTestImageLosesNothing) {
  WriteTestFile(folder_ / "files/val/dog/bad.jpg", "");
  const ChildResult failed = RunChild(Command("run", "files"));
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.err, HasSubstr("bad.jpg: an empty file; mend it, or set"));
  EXPECT_TRUE(fs::exists(folder_ / "run/checkpoints/000000012"));
  const ChildResult skipped =
      RunChild(Command("run", "files", {"data.on_bad_image=SKIP", "data.loader_threads=3"}));
  EXPECT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_THAT(skipped.out, HasSubstr("of 6)"));
}

// Equal numbers of classes are not equal classes.
TEST_F(ImageTrainingTest, HeadOfOtherClassesIsNotTakenOver) {
  Train("first", "files");
  const std::vector<std::string> from = {
      absl::StrCat("--init_from=", (folder_ / "first").string())};
  EXPECT_THAT(RunChild(Command("same", "files", from)).out, Not(HasSubstr("head.")));
  fs::rename(folder_ / "files/train/cat", folder_ / "files/train/zebra");
  fs::rename(folder_ / "files/val/cat", folder_ / "files/val/zebra");
  EXPECT_THAT(RunChild(Command("other", "files", from)).out,
              HasSubstr("head.weight: new, for 2 classes that are others, or in another order"));
}

}  // namespace
}  // namespace vitrine
