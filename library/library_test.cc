// libvitrine.so as a program uses it, beside the same code linked into this program: two copies of
// it, of glog and of protobuf, in one process.

#include <omp.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/concat.h"
#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "base/programs/threads.h"
#include "base/status_matchers.h"
#include "base/tensors/safetensors.h"
#include "data/image/image.h"
#include "data/image/jpeg.h"
#include "data/image/png.h"
#include "data/image/testing.h"
#include "data/testing.h"
#include "eval/classifier.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "library/vitrine.h"
#include "train/checkpoint/checkpoint.h"
#include "vit/import/testing.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr int kThreads = 2, kClasses = 7, kSide = 32;

// Of colour pictures of 32 x 32.
Checkpoint MakeCheckpoint() {
  Checkpoint checkpoint;
  ExperimentConfig& config = *checkpoint.manifest.mutable_config();
  ModelConfig& model = *config.mutable_model();
  model.set_image_size(kSide);
  model.set_channels(3);
  model.set_width(32);
  model.set_depth(2);
  model.set_heads(2);
  model.set_num_classes(kClasses);
  config.mutable_data()->set_source(DataConfig::IMAGE_FOLDER);
  for (int i = 0; i < kClasses; ++i) checkpoint.manifest.add_class_names(absl::StrCat("class ", i));
  checkpoint.model = VisionTransformer::Create(model, 1).value().Tensors();
  return checkpoint;
}

class LibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(SetThreads(kThreads));
    ASSERT_OK(WriteCheckpoint(run_ / "checkpoints", MakeCheckpoint()));
    for (int i = 0; i < 5; ++i) {
      const Image picture = MakePicture(40 + 9 * i, 70 - 5 * i, i);
      bytes_.push_back(i % 2 == 0 ? EncodeJpeg(picture, 90) : EncodePng(picture));
      files_.push_back((folder_ / absl::StrCat(i, ".picture")).string());
      WriteTestFile(files_.back(), bytes_.back());
    }
  }

  static Options OfTwoThreads(vitrine_precision precision = VITRINE_FP32) {
    Options options;
    options.threads = kThreads;
    options.precision = precision;
    return options;
  }

  Model Open() const { return Model::Open(run_.string(), OfTwoThreads()); }

  Classifier Linked(at::ScalarType operands = at::kFloat) const {
    return Classifier::Load(run_, Weights::kModel, at::kCPU, operands).value();
  }

  const fs::path folder_ = EmptyFolder("library_test");
  const fs::path run_ = folder_ / "run";
  std::vector<std::string> bytes_, files_;  // JPEG and PNG
};

Picture EncodedPicture(const std::string& bytes) {
  return Picture::Encoded(bytes.data(), bytes.size());
}

std::vector<float> Values(const at::Tensor& rows) {
  return {rows.const_data_ptr<float>(), rows.const_data_ptr<float>() + rows.numel()};
}

void ExpectSame(const std::vector<Prediction>& predictions, const std::vector<ClassScore>& scores) {
  ASSERT_EQ(predictions.size(), scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    EXPECT_EQ(predictions[i].index, scores[i].index);
    EXPECT_EQ(predictions[i].name, scores[i].name);
    EXPECT_EQ(predictions[i].probability, scores[i].probability);  // every bit
  }
}

TEST_F(LibraryTest, AnswersHaveTheBitsOfTheClassifier) {
  const Model model = Open();
  const Classifier linked = Linked();
  for (size_t i = 0; i < files_.size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const auto scores, linked.Classify(bytes_[i], 5));
    ExpectSame(model.Classify(Picture::File(files_[i])), scores);
    ExpectSame(model.Classify(EncodedPicture(bytes_[i])), scores);
    ASSERT_OK_AND_ASSIGN(const at::Tensor row, linked.Embed(bytes_[i]));
    EXPECT_THAT(model.Embed(Picture::File(files_[i])), ElementsAreArray(Values(row)));
  }
}

TEST_F(LibraryTest, BatchesHaveTheBitsOfTheModelsBatches) {
  const Model model = Open();
  const Classifier linked = Linked();
  std::vector<Picture> pictures;
  std::vector<at::Tensor> inputs;
  for (size_t i = 0; i < files_.size(); ++i) {
    pictures.push_back(i < 3 ? Picture::File(files_[i]) : EncodedPicture(bytes_[i]));
    inputs.push_back(linked.Prepare(bytes_[i]).value().input);
  }
  const at::Tensor batch = at::concat(inputs);
  EXPECT_THAT(model.EmbedAll(pictures),
              ElementsAreArray(Values(linked.inference().Features(batch))));
  const at::Tensor logits = linked.inference().Forward(batch);
  const auto predictions = model.ClassifyAll(pictures, 3);
  ASSERT_EQ(predictions.size(), pictures.size());
  for (size_t i = 0; i < pictures.size(); ++i) {
    ExpectSame(predictions[i], linked.Best(logits[i], 3).value());
  }
}

TEST_F(LibraryTest, Bf16HasTheBitsOfBf16) {
  const Model model = Model::Open(run_.string(), OfTwoThreads(VITRINE_BF16));
  ASSERT_OK_AND_ASSIGN(const at::Tensor row, Linked(at::kBFloat16).Embed(bytes_[0]));
  EXPECT_THAT(model.Embed(EncodedPicture(bytes_[0])), ElementsAreArray(Values(row)));
  EXPECT_NE(model.Embed(EncodedPicture(bytes_[0])), Open().Embed(EncodedPicture(bytes_[0])));
}

// Those of a PNG, which loses nothing; with and without bytes between the rows.
TEST_F(LibraryTest, PixelsAreSeenAsThoseOfAFile) {
  const Model model = Open();
  const Image picture = MakePicture(61, 47);
  const std::string png = EncodePng(picture);
  const std::vector<float> row = model.Embed(EncodedPicture(png));
  EXPECT_EQ(model.Embed(Picture::Pixels(picture.pixels.data(), 61, 47)), row);
  const size_t stride = size_t{3} * 61 + 13;
  std::vector<uint8_t> padded(46 * stride + size_t{3} * 61);  // the last row ends with its pixels
  for (int y = 0; y < 47; ++y) {
    std::copy_n(picture.row(y), size_t{3} * 61, padded.data() + y * stride);
  }
  EXPECT_EQ(model.Embed(Picture::Pixels(padded.data(), 61, 47, stride)), row);
}

TEST_F(LibraryTest, KnowsItsClassesAndSizes) {
  const Model model = Open();
  EXPECT_EQ(model.class_count(), kClasses);
  EXPECT_EQ(model.class_name(6), "class 6");
  EXPECT_EQ(vitrine_class_name(model.get(), kClasses), nullptr);
  EXPECT_EQ(vitrine_class_name(model.get(), -1), nullptr);
  EXPECT_EQ(model.embedding_size(), 32);
  EXPECT_EQ(model.Classify(EncodedPicture(bytes_[0]), 99).size(), kClasses);
  EXPECT_EQ(model.ClassifyAll({}).size(), 0);
  EXPECT_EQ(model.EmbedAll({}).size(), 0);
  EXPECT_STREQ(vitrine_version(), VITRINE_VERSION);
}

// Each thread has an OpenMP of its own, which does not know the settings of the first.
TEST_F(LibraryTest, ManyThreadsUseOneModelAtOnce) {
  const Model model = Open();
  std::vector<std::vector<float>> expected, measured(4 * files_.size());
  for (const std::string& bytes : bytes_) expected.push_back(model.Embed(EncodedPicture(bytes)));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < bytes_.size(); ++i) {
        measured[t * bytes_.size() + i] = model.Embed(EncodedPicture(bytes_[i]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < measured.size(); ++i) EXPECT_EQ(measured[i], expected[i % bytes_.size()]);
}

TEST_F(LibraryTest, LeavesTheProgramsOpenMpAsItWas) {
  std::thread([&] {
    omp_set_num_threads(3);
    omp_set_dynamic(1);
    omp_set_max_active_levels(5);
    const Model model = Open();
    model.Embed(EncodedPicture(bytes_[0]));
    EXPECT_EQ(omp_get_max_threads(), 3);
    EXPECT_EQ(omp_get_dynamic(), 1);
    EXPECT_EQ(omp_get_max_active_levels(), 5);
  }).join();
}

TEST_F(LibraryTest, RefusesToComputeWithinAParallelRegion) {
  const Model model = Open();
  std::vector<std::string> errors(2);
#pragma omp parallel num_threads(2)
  {
    try {
      model.Embed(EncodedPicture(bytes_[0]));
    } catch (const Error& error) {
      errors[omp_get_thread_num()] = error.what();
    }
  }
  for (const std::string& error : errors) EXPECT_THAT(error, HasSubstr("threads = 1"));
}

// Weights of another package, of which //eval:predict has something to say in its log.
TEST_F(LibraryTest, IsQuiet) {
  const PackageModel package = LoadPackageModel("transformers_vit_5");
  fs::create_directories(folder_ / "vit");
  ASSERT_OK(WriteSafetensors(folder_ / "vit/model.safetensors", package.weights));
  WriteTestFile(folder_ / "vit/config.json", R"({"model_type": "vit", "num_attention_heads": 2,
    "hidden_act": "gelu", "layer_norm_eps": 1e-12, "image_size": 8})");
  const auto log_of = [](auto open) {
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    open();
    return ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
  };
  const std::string path = (folder_ / "vit").string();
  EXPECT_THAT(log_of([&] { ASSERT_OK(Classifier::Load(path)); }), HasSubstr("taken"));
  EXPECT_EQ(log_of([&] { Model::Open(path, OfTwoThreads()).Embed(Picture::File(files_[0])); }), "");
}

// What went wrong, or "" for nothing.
struct Outcome {
  vitrine_status status = VITRINE_OK;
  std::string line;
  int64_t picture = -1;
};

template <typename F>
Outcome OutcomeOf(F call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return {error.status(), error.what(), error.picture()};
  }
  return {};
}

TEST_F(LibraryTest, WhatIsNoModelIsRefused) {
  const auto open = [](const fs::path& path) {
    return OutcomeOf([&] { Model::Open(path.string(), OfTwoThreads()); });
  };
  Outcome outcome = open(folder_ / "nothing");
  EXPECT_EQ(outcome.status, VITRINE_NOT_FOUND);
  EXPECT_THAT(outcome.line, HasSubstr("nothing: is not there"));
  EXPECT_EQ(outcome.picture, -1);
  EXPECT_NE(open(folder_).status, VITRINE_OK);
  EXPECT_NE(open(files_[0]).status, VITRINE_OK);
  EXPECT_NE(open("").status, VITRINE_OK);
  for (const auto& entry : fs::recursive_directory_iterator(run_)) {
    if (entry.path().filename() != "model.safetensors") continue;
    fs::resize_file(entry.path(), fs::file_size(entry.path()) - 100);
  }
  outcome = open(run_);
  EXPECT_EQ(outcome.status, VITRINE_DATA_LOSS) << outcome.line;
  EXPECT_THAT(outcome.line, HasSubstr("library_test/run"));
}

TEST_F(LibraryTest, OptionsThatCannotBeAreRefused) {
  const Model model = Open();
  const auto open = [&](auto change) {
    vitrine_options options = {.size = sizeof(options),
                               .threads = kThreads,
                               .precision = VITRINE_FP32,
                               .weights = nullptr};
    change(&options);
    vitrine_model* opened = nullptr;
    const vitrine_status status = vitrine_open(run_.c_str(), &options, &opened);
    EXPECT_EQ(status == VITRINE_OK, opened != nullptr);
    vitrine_close(opened);
    return status == VITRINE_OK ? std::string() : std::string(vitrine_error());
  };
  EXPECT_EQ(open([](vitrine_options*) {}), "");
  EXPECT_EQ(open([](vitrine_options* options) { options->threads = 0; }), "");
  EXPECT_THAT(open([](vitrine_options* options) { options->size = 0; }), HasSubstr("size is 0"));
  EXPECT_THAT(open([](vitrine_options* options) { options->threads = -1; }), HasSubstr("negative"));
  EXPECT_THAT(open([](vitrine_options* options) { options->threads = 3; }),
              HasSubstr("this process computes with 2"));
  EXPECT_THAT(open([](vitrine_options* options) { options->precision = 2; }),
              HasSubstr("not a vitrine_precision"));
  EXPECT_THAT(open([](vitrine_options* options) { options->weights = "best"; }),
              HasSubstr("model, ema or swa"));
  EXPECT_THAT(open([](vitrine_options* options) { options->weights = "ema"; }),
              HasSubstr("no moving average"));
}

TEST_F(LibraryTest, ArgumentsThatCannotBeAreNamed) {
  const Model model = Open();
  const auto refusal = [](auto call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), VITRINE_INVALID_ARGUMENT);
      return error.what();
    }
    return "";
  };
  const Picture photo = Picture::File(files_[0]);
  EXPECT_THAT(refusal([&] { model.Classify(photo, 0); }), HasSubstr("top is 0; the model has"));
  EXPECT_THAT(refusal([&] { model.class_name(99); }), HasSubstr("class 99: the model has"));
  EXPECT_THAT(refusal([&] { model.Embed(Picture::Pixels(nullptr, 5, 5)); }), HasSubstr("neither"));
  EXPECT_THAT(refusal([&] { Model::Open(""); }), HasSubstr("path is empty"));
}

struct BadPicture {
  Picture picture;
  vitrine_status status;
  const char* words;
};

TEST_F(LibraryTest, BadPicturesAreNamedByTheirNumber) {
  const Model model = Open();
  const std::string jpeg = bytes_[0].substr(0, bytes_[0].size() / 2), text = "not a picture";
  const std::string png = bytes_[1].substr(0, 90);
  const std::vector<uint8_t> pixels(300);
  const int most = std::numeric_limits<int>::max();
  const std::vector<BadPicture> bad = {
      {Picture::File((folder_ / "absent.jpg").string()), VITRINE_NOT_FOUND, "absent.jpg"},
      {Picture::File(""), VITRINE_NOT_FOUND, ""},
      {Picture::File(folder_.string()), VITRINE_INVALID_ARGUMENT, "not a regular file"},
      {EncodedPicture(text), VITRINE_INVALID_ARGUMENT, "pictures[1]: "},
      {EncodedPicture(""), VITRINE_INVALID_ARGUMENT, "pictures[1]: "},
      {EncodedPicture(jpeg), VITRINE_DATA_LOSS, "pictures[1]: "},
      {EncodedPicture(png), VITRINE_DATA_LOSS, "pictures[1]: "},
      {Picture::Encoded(nullptr, 5), VITRINE_INVALID_ARGUMENT, "needs a path or data"},
      {Picture::Pixels(nullptr, 10, 10), VITRINE_INVALID_ARGUMENT, "needs a path or data"},
      {Picture::Pixels(pixels.data(), 10, 0), VITRINE_INVALID_ARGUMENT, "must be positive"},
      {Picture::Pixels(pixels.data(), -10, 10), VITRINE_INVALID_ARGUMENT, "must be positive"},
      {Picture::Pixels(pixels.data(), 10, 10, 29), VITRINE_INVALID_ARGUMENT, "a stride of 29"},
      {Picture::Pixels(pixels.data(), most, most), VITRINE_INVALID_ARGUMENT, "are more than"},
  };
  for (const BadPicture& b : bad) {
    const Outcome outcome = OutcomeOf([&] {
      model.EmbedAll({EncodedPicture(bytes_[0]), b.picture});
    });
    EXPECT_EQ(outcome.status, b.status) << outcome.line;
    EXPECT_THAT(outcome.line, HasSubstr(b.words));
    EXPECT_EQ(outcome.picture, 1) << outcome.line;
  }
  EXPECT_EQ(OutcomeOf([&] { model.Embed(EncodedPicture(bytes_[0])); }).status, VITRINE_OK);
}

// Sizes that the C++ classes would not make.
TEST_F(LibraryTest, DataThatIsTooShortIsNotRead) {
  const Model model = Open();
  std::vector<float> row(model.embedding_size());
  const std::vector<uint8_t> pixels(300);
  vitrine_picture picture = {};
  picture.data = pixels.data();
  picture.width = picture.height = 10;
  picture.size = 300;
  ASSERT_EQ(vitrine_embed(model.get(), &picture, 1, row.data()), VITRINE_OK) << vitrine_error();
  for (const auto& [size, stride] : {std::pair<size_t, size_t>{299, 0},
                                     {0, 0},
                                     {300, 31},
                                     {300, std::numeric_limits<size_t>::max()}}) {
    picture.size = size;
    picture.stride = stride;
    EXPECT_EQ(vitrine_embed(model.get(), &picture, 1, row.data()), VITRINE_INVALID_ARGUMENT);
    EXPECT_THAT(vitrine_error(), HasSubstr("too few"));
  }
  picture.path = files_[0].c_str();
  EXPECT_EQ(vitrine_embed(model.get(), &picture, 1, row.data()), VITRINE_INVALID_ARGUMENT);
}

TEST_F(LibraryTest, AnErrorIsOfTheThreadThatMadeIt) {
  ASSERT_NE(vitrine_open("/absent", nullptr, nullptr), VITRINE_OK);
  const std::string here = vitrine_error();
  std::thread([] { EXPECT_STREQ(vitrine_error(), ""); }).join();
  std::thread([] { EXPECT_NE(vitrine_open(nullptr, nullptr, nullptr), VITRINE_OK); }).join();
  EXPECT_EQ(vitrine_error(), here);
}

TEST_F(LibraryTest, ScoresThatAreNotFiniteAreAnError) {
  Checkpoint checkpoint = MakeCheckpoint();
  checkpoint.model.at("head.bias").detach().fill_(std::numeric_limits<float>::infinity());
  ASSERT_OK(WriteCheckpoint(folder_ / "infinite/checkpoints", checkpoint));
  const Model model = Model::Open((folder_ / "infinite").string(), OfTwoThreads());
  const Outcome outcome = OutcomeOf([&] { model.Classify(Picture::File(files_[0])); });
  EXPECT_EQ(outcome.status, VITRINE_FAILED_PRECONDITION);
  EXPECT_THAT(outcome.line, AllOf(HasSubstr("not finite"), HasSubstr(files_[0])));
  EXPECT_EQ(OutcomeOf([&] { model.Embed(Picture::File(files_[0])); }).status, VITRINE_OK);
}

// Two heads read a token each.
TEST_F(LibraryTest, EmbedsBothTokensOfADistilledModel) {
  Checkpoint checkpoint = MakeCheckpoint();
  ModelConfig& config = *checkpoint.manifest.mutable_config()->mutable_model();
  config.set_distillation_token(true);
  checkpoint.model = VisionTransformer::Create(config, 1).value().Tensors();
  ASSERT_OK(WriteCheckpoint(folder_ / "distilled/checkpoints", checkpoint));
  const Model model = Model::Open((folder_ / "distilled").string(), OfTwoThreads());
  EXPECT_EQ(model.embedding_size(), 64);
  EXPECT_EQ(model.Embed(Picture::File(files_[0])).size(), 64);
}

// One class that has no name.
TEST_F(LibraryTest, AModelWithoutAHeadEmbedsAlone) {
  Checkpoint checkpoint = MakeCheckpoint();
  checkpoint.manifest.clear_class_names();
  checkpoint.manifest.add_class_names("0");
  checkpoint.manifest.set_classes_are_nameless(true);
  ModelConfig& config = *checkpoint.manifest.mutable_config()->mutable_model();
  config.set_num_classes(1);
  checkpoint.model = VisionTransformer::Create(config, 1).value().Tensors();
  ASSERT_OK(WriteCheckpoint(folder_ / "headless/checkpoints", checkpoint));
  const Model model = Model::Open((folder_ / "headless").string(), OfTwoThreads());
  const Outcome outcome = OutcomeOf([&] { model.Classify(Picture::File(files_[0])); });
  EXPECT_THAT(outcome.line, HasSubstr("no head that tells classes apart"));
  EXPECT_EQ(model.Embed(Picture::File(files_[0])).size(), 32);
}

}  // namespace
}  // namespace vitrine
