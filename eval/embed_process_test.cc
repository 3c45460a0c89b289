// //eval:embed and //eval:knn as their users run them, on another package's weights and pictures of
// other classes than theirs.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "ATen/TensorOperators.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/child_process.h"
#include "base/status_matchers.h"
#include "base/tensors/npy.h"
#include "base/tensors/safetensors.h"
#include "base/tensors/tensor_map.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "vit/import/testing.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;
namespace fs = std::filesystem;

class EmbedProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const TensorMap weights = LoadPackageModel("transformers_vit_5").weights;
    fs::create_directories(folder_ / "vit");
    ASSERT_OK(WriteSafetensors(folder_ / "vit/model.safetensors", weights));
    WriteTestFile(folder_ / "vit/config.json", R"({"model_type": "vit", "num_attention_heads": 2,
      "hidden_act": "gelu", "layer_norm_eps": 1e-12, "image_size": 8,
      "id2label": {"0": "a\nline", "1": "b", "2": "c", "3": "d", "4": "e"}})");
    WriteTestFile(folder_ / "vit/preprocessor_config.json",
                  R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2,
      "size": {"height": 8, "width": 8}})");
    for (int i = 0; i < 36; ++i) {
      WritePicture(absl::StrCat("pictures/", i < 24 ? "train" : "val", "/",
                                i % 2 == 0 ? "cat" : "dog", "/", i, ".jpg"),
                   i);
    }
  }

  void WritePicture(const std::string& path, int seed) const {
    WriteTestFile(folder_ / path, EncodeJpeg(MakePicture(20 + seed % 9, 30 - seed % 7, seed), 90));
  }

  std::string Flag(const char* name, const std::string& path) const {
    return absl::StrCat(name, (folder_ / path).string());
  }

  std::vector<std::string> EmbedCommand(const std::string& images, const std::string& output,
                                        const std::vector<std::string>& more) const {
    std::vector<std::string> command = {"eval/embed", "--device=cpu", Flag("--checkpoint=", "vit"),
                                        Flag("--images=", images), Flag("--output=", output)};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  ChildResult Embed(const std::string& output, const std::vector<std::string>& more = {},
                    const std::string& images = "pictures") const {
    return RunChild(EmbedCommand(images, output, more));
  }

  at::Tensor Rows(const std::string& output, const std::vector<std::string>& more = {}) const {
    const ChildResult result = Embed(output, more);
    EXPECT_EQ(result.status, 0) << result.err;
    return ReadSafetensors(folder_ / output).value().at("features");
  }

  ChildResult Predict(const std::vector<std::string>& more,
                      const std::string& images = "pictures") const {
    std::vector<std::string> command = {"eval/predict", "--device=cpu",
                                        Flag("--checkpoint=", "vit"), Flag("--images=", images)};
    command.insert(command.end(), more.begin(), more.end());
    return RunChild(command);
  }

  // The names in the metadata of a safetensors file.
  Json FilesOf(const std::string& name) const {
    const std::string bytes = ReadFile(folder_ / name).value();
    uint64_t length;
    std::memcpy(&length, bytes.data(), sizeof(length));
    const Json header = Json::parse(bytes.substr(sizeof(length), length));
    return Json::parse(header["__metadata__"]["files"].get<std::string>());
  }

  ChildResult Knn(const std::vector<std::string>& more) const {
    std::vector<std::string> command = {"eval/knn", "--device=cpu", Flag("--checkpoint=", "vit"),
                                        Flag("--data_dir=", "pictures")};
    command.insert(command.end(), more.begin(), more.end());
    return RunChild(command);
  }

  // Of the folder itself.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  const fs::path folder_ = EmptyFolder("embed_process_test");
};

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST_F(EmbedProcessTest, RowsAreThoseOfPredict) {
  const ChildResult predicted = Predict({Flag("--output=", "predicted.safetensors")});
  ASSERT_EQ(predicted.status, 0) << predicted.err;
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors, ReadSafetensors(folder_ / "predicted.safetensors"));
  EXPECT_EQ(FilesOf("predicted.safetensors").size(), 36);
  const at::Tensor& features = tensors.at("features");
  EXPECT_TRUE(Rows("one.safetensors", {"--batch_size=1"}).equal(features));
  for (const char* size : {"7", "32", "100"}) {
    const at::Tensor rows = Rows(absl::StrCat(size, ".safetensors"), {"--batch_size", size});
    EXPECT_LT(LargestDifference(rows, features), 1e-6) << size;
  }
  EXPECT_TRUE(Rows("class.safetensors", {"--batch_size=1", "--tokens=class"}).equal(features));
}

TEST_F(EmbedProcessTest, NpyHoldsTheSameAndTheOrderIsThatOfTheFiles) {
  const std::string images =
      absl::StrCat("pictures/val/dog/31.jpg,", (folder_ / "pictures/train/cat").string());
  const ChildResult npy = Embed("f.npy", {}, images), other = Embed("f.safetensors", {}, images);
  ASSERT_EQ(npy.status, 0) << npy.err;
  ASSERT_EQ(other.status, 0) << other.err;
  EXPECT_THAT(npy.out, HasSubstr("f.npy: 13 x "));
  ASSERT_OK_AND_ASSIGN(const TensorMap tensors, ReadSafetensors(folder_ / "f.safetensors"));
  EXPECT_EQ(ReadFile(folder_ / "f.npy").value(), NpyBytes(tensors.at("features")));
  ASSERT_OK_AND_ASSIGN(const std::string names, ReadFile(folder_ / "f.txt"));
  EXPECT_EQ(names.find((folder_ / "pictures/val/dog/31.jpg").string() + "\n"), 0);
  EXPECT_THAT(names, HasSubstr((folder_ / "pictures/train/cat/10.jpg").string() + "\n"));
}

TEST_F(EmbedProcessTest, TokensOfAnyLayer) {
  const int64_t width = Rows("head.safetensors").size(1);
  const at::Tensor patches = Rows("last.safetensors", {"--tokens=patches"});
  EXPECT_EQ(patches.sizes(), at::IntArrayRef({36, 4, width}));
  EXPECT_LT(LargestDifference(Rows("mean.safetensors", {"--tokens=mean"}), patches.mean(1)), 1e-6);
  const at::Tensor second = Rows("2.safetensors", {"--tokens=patches", "--layer=2"});
  EXPECT_TRUE(second.equal(patches)) << "there are two";
  const at::Tensor first = Rows("1.safetensors", {"--tokens=patches", "--layer=1"});
  const at::Tensor raw =
      Rows("raw.safetensors", {"--tokens=patches", "--layer=1", "--nofinal_norm"});
  EXPECT_GT(LargestDifference(first, patches), 0.01);
  EXPECT_GT(LargestDifference(raw, first), 0.01);
}

TEST_F(EmbedProcessTest, OfAPictureThatCannotBeReadThereIsNoOutput) {
  WriteTestFile(folder_ / "pictures/val/dog/35.jpg", "no picture");
  const std::vector<std::string> before = Names();
  const ChildResult result = Embed("f.npy", {"--batch_size=1"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("35.jpg: "), HasSubstr("data.on_bad_image=SKIP")));
  EXPECT_EQ(Names(), before);
  const ChildResult skipped = Embed("f.npy", {"data.on_bad_image=SKIP"});
  ASSERT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_THAT(skipped.out, HasSubstr(": 35 x "));
  EXPECT_THAT(skipped.err, HasSubstr("1 images could not be read"));
  EXPECT_THAT(ReadFile(folder_ / "f.txt").value(), Not(HasSubstr("35.jpg")));
}

TEST_F(EmbedProcessTest, KilledHalfwayItLeavesNoOutput) {
  for (int i = 0; i < 400; ++i) WritePicture(absl::StrCat("many/", i, ".jpg"), i);
  const auto is_writing = [&] {
    for (const std::string& name : Names()) {
      if (name.find(".partial") != std::string::npos) return true;
    }
    return false;
  };
  ASSERT_OK_AND_ASSIGN(ChildProcess child,
                       ChildProcess::Start(EmbedCommand("many", "killed.npy", {"--batch_size=1"})));
  while (!is_writing()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait(), 128 + SIGKILL);
  EXPECT_FALSE(fs::exists(folder_ / "killed.npy"));
  EXPECT_FALSE(fs::exists(folder_ / "killed.txt"));
  EXPECT_EQ(Embed("killed.npy", {}, "many").status, 0);
}

TEST_F(EmbedProcessTest, NamesWithLineBreaksAreALineAndStayAsTheyAre) {
  const ChildResult text = Predict({}, "pictures/val/dog/31.jpg");
  EXPECT_THAT(text.out, HasSubstr("  a\\nline 0."));
  EXPECT_EQ(text.out.find('\n'), text.out.size() - 1) << text.out;
  const Json json = Json::parse(Predict({"--json"}, "pictures/val/dog/31.jpg").out);
  std::vector<std::string> names;
  for (const Json& one : json[0]["classes"]) names.push_back(one["class"]);
  EXPECT_THAT(names, UnorderedElementsAre("a\nline", "b", "c", "d", "e"));
}

TEST_F(EmbedProcessTest, PredictSkipsWhereThatIsAsked) {
  const fs::path bad = folder_ / "pictures/val/dog/31.jpg";
  WriteTestFile(bad, "no picture");
  const std::string output = Flag("--output=", "p.safetensors");
  const ChildResult refused = Predict({output, "--json"}, "pictures/val");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("31.jpg: "), HasSubstr("data.on_bad_image=SKIP")));
  EXPECT_FALSE(fs::exists(folder_ / "p.safetensors"));
  const ChildResult skipped = Predict({output, "--json", "data.on_bad_image=SKIP"}, "pictures/val");
  ASSERT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_THAT(skipped.err, HasSubstr("1 images could not be read"));
  const Json printed = Json::parse(skipped.out), files = FilesOf("p.safetensors");
  ASSERT_EQ(printed.size(), 11);
  ASSERT_EQ(files.size(), 11);
  for (int i = 0; i < 11; ++i) EXPECT_EQ(printed[i]["image"], files[i]);
  EXPECT_EQ(ReadSafetensors(folder_ / "p.safetensors").value().at("logits").size(0), 11);
  const ChildResult none = Predict({"data.on_bad_image=SKIP"}, "pictures/val/dog/31.jpg");
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("no image could be read"));
  WriteTestFile(bad, WithoutEnd(EncodePng(MakePicture(30, 20))));
  const Json damaged = Json::parse(Predict({"--json"}, "pictures/val/dog").out);
  for (const Json& one : damaged) {
    EXPECT_EQ(one.contains("damage"), one["image"] == bad.string()) << one;
  }
}

// On a device that takes no bytes.
TEST_F(EmbedProcessTest, OfAnOutputThatCannotBeWrittenNothingIsLeft) {
  const std::vector<std::string> before = Names();
  const ChildResult result =
      RunChild({"bash", "-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "limited", "eval/predict",
                "--device=cpu", "--inputs", Flag("--checkpoint=", "vit"),
                Flag("--images=", "pictures"), Flag("--output=", "full.safetensors")});
  EXPECT_NE(result.status, 0);
  EXPECT_EQ(Names(), before);
}

TEST_F(EmbedProcessTest, KnnTellsAnyClasses) {
  const ChildResult text = Knn({}), json = Knn({"--json", "--precision=BF16"});
  ASSERT_EQ(text.status, 0) << text.err;
  ASSERT_EQ(json.status, 0) << json.err;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("20 nearest of 24  temperature 0.07  top-1 "), HasSubstr(" of 12)")));
  const Json result = Json::parse(json.out);
  EXPECT_EQ(result["memory"], 24);
  EXPECT_EQ(result["count"], 12);
  EXPECT_EQ(result["k"], 20);
  EXPECT_EQ(result["weights"], "model");
  EXPECT_EQ(result["precision"], "BF16");
  EXPECT_EQ(result["final_norm"], true);
  EXPECT_EQ(result["data_set"], "pictures");
  EXPECT_EQ(result["temperature"], 0.07);
  EXPECT_EQ(result["correct_top5"], 12) << "of two classes";
  EXPECT_EQ(result["top1"].get<double>(), result["correct_top1"].get<double>() / 12);
}

// Of pictures that are in both splits.
TEST_F(EmbedProcessTest, KnnKnowsWhatItRemembers) {
  fs::remove_all(folder_ / "pictures/val");
  fs::copy(folder_ / "pictures/train", folder_ / "pictures/val", fs::copy_options::recursive);
  const ChildResult result = Knn({"--json", "--k=1", "--tokens=mean", "--layer=1"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["correct_top1"], 24);
}

TEST_F(EmbedProcessTest, PageShowsTheNearest) {
  const ChildResult result = Knn({Flag("--page=", "page.html")});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_OK_AND_ASSIGN(const std::string page, ReadFile(folder_ / "page.html"));
  EXPECT_THAT(page, AllOf(HasSubstr("<!DOCTYPE html>"), HasSubstr("data:image/png;base64,"),
                          HasSubstr("\"is\":\"dog\""), HasSubstr("20 nearest of 24"),
                          HasSubstr("none chosen"), Not(HasSubstr("{{"))));
}

TEST_F(EmbedProcessTest, ImagesThatCannotBeReadAreLeftOut) {
  WriteTestFile(folder_ / "pictures/val/dog/35.jpg", "no picture");
  WriteTestFile(folder_ / "pictures/train/cat/2.jpg", "no picture");
  EXPECT_THAT(Knn({}).err, HasSubstr("2.jpg: "));
  const ChildResult skipped =
      Knn({"data.on_bad_image=SKIP", "--json", "--k=24", Flag("--page=", "page.html")});
  ASSERT_EQ(skipped.status, 0) << skipped.err;
  const Json result = Json::parse(skipped.out);
  EXPECT_EQ(result["memory"], 23);
  EXPECT_EQ(result["k"], 23);
  EXPECT_THAT(Knn({"data.on_bad_image=SKIP", "--k=24"}).out, HasSubstr("23 nearest of 23"));
  EXPECT_EQ(result["count"], 11);
  EXPECT_EQ(result["left_out"], 2);
}

TEST_F(EmbedProcessTest, MistakesAreOneLine) {
  WriteTestFile(folder_ / "taken.npy", "");
  WriteTestFile(folder_ / "taken.safetensors", "mine");
  WriteTestFile(folder_ / "bytes/\xff.jpg", "");
  const struct {
    ChildResult result;
    int status;
    std::string message;
  } mistakes[] = {
      {RunChild({"eval/embed"}), 2, "--checkpoint"},
      {Embed("f.csv"), 2, "must end with .npy or .safetensors"},
      {Embed("taken.npy"), 2, "is there already; take another name"},
      {Embed("f.npy", {"--tokens=cls"}), 2, "must be head, class, mean or patches"},
      {Embed("f.npy", {"--layer=3"}), 2, "--layer: must be 1 to 2"},
      {Embed("f.npy", {"--layer=0"}), 2, "--layer: must be 1 to 2"},
      {Embed("f.npy", {"--batch_size=0"}), 2, "--batch_size"},
      {Embed("f.npy", {"--weights=best"}), 2, "must be model, ema or swa"},
      {Embed("f.npy", {"seed=1"}), 2, "data.on_bad_image=SKIP"},
      {Embed("f.npy", {}, "nowhere"), 1, "no such file or folder"},
      {Embed("none/f.npy"), 2, "none is no folder"},
      {Embed("f.safetensors", {}, "bytes"), 2, "\\xff.jpg: its name is not UTF-8"},
      {Predict({Flag("--output=", "f.npy")}), 2, "must end with .safetensors; //eval:embed"},
      {Predict({Flag("--output=", "taken.safetensors")}), 2, "is there already; take another"},
      {Predict({Flag("--output=", "none/f.safetensors")}), 2, "none is no folder"},
      {Predict({Flag("--output=", "f.safetensors")}, "bytes"), 1, "its name is not UTF-8"},
      {Predict({"seed=1"}), 2, "data.on_bad_image=SKIP"},
      {RunChild({"eval/knn"}), 2, "--checkpoint"},
      {RunChild({"eval/knn", Flag("--checkpoint=", "vit")}), 1, "--data_dir"},
      {Knn({"--k=25"}), 2, "--k: is 25, but there are 24 training images"},
      {Knn({"--k=0"}), 2, "--k"},
      {Knn({"--temperature=0"}), 2, "--temperature"},
      {Knn({"--split=train"}), 2, "their own neighbours"},
      {Knn({"--split=val"}), 2, "--split: must be test or minival, not 'val'"},
      {Knn({Flag("--page=", "none/f.html")}), 2, "none is no folder"},
      {Knn({Flag("--page=", "pictures")}), 2, "pictures is the name of a folder"},
      {Knn({"--split=minival"}), 2, "held out no minival split"},
      {Knn({"--tokens=patches"}), 2, "must be head, class or mean"},
  };
  for (const auto& [result, status, message] : mistakes) {
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.out, "");
  }
  EXPECT_THAT(Names(), Each(Not(HasSubstr("f."))));
  EXPECT_EQ(ReadFile(folder_ / "taken.safetensors").value(), "mine");
}

}  // namespace
}  // namespace vitrine
