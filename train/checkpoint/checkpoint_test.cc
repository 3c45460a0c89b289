#include "train/checkpoint/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "absl/strings/str_cat.h"
#include "base/files/crc32c.h"
#include "base/files/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

Checkpoint Make(int64_t iteration) {
  Checkpoint checkpoint;
  checkpoint.manifest.set_iteration(iteration);
  checkpoint.manifest.set_optimizer_step(iteration);
  checkpoint.manifest.mutable_config()->set_seed(5);
  checkpoint.model = {{"head.weight", at::arange(6, at::kFloat).reshape({2, 3})}};
  checkpoint.optimizer = TensorMap{{"exp_avg.head.weight", at::arange(6, at::kFloat)}};
  checkpoint.ema = TensorMap{{"head.weight", at::arange(6, at::kFloat) + iteration}};
  return checkpoint;
}

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(run_); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void Corrupt(const fs::path& path, size_t offset) {
    ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(path));
    ASSERT_LT(offset, bytes.size());
    bytes[offset] ^= 1;
    ASSERT_OK(WriteAtomically(path, bytes));
  }

  const fs::path run_ = fs::path(::testing::TempDir()) / "checkpoint_test";
  const fs::path folder_ = run_ / "checkpoints";
};

TEST_F(CheckpointTest, RoundTrip) {
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  EXPECT_THAT(Names(), ElementsAre("000000007"));
  ASSERT_OK_AND_ASSIGN(const Checkpoint read, ReadCheckpoint(folder_ / "000000007"));
  EXPECT_EQ(read.manifest.iteration(), 7);
  EXPECT_EQ(read.manifest.config().seed(), 5);
  EXPECT_TRUE(read.model.at("head.weight").equal(Make(7).model.at("head.weight")));
  ASSERT_TRUE(read.optimizer.has_value());
  EXPECT_EQ(read.optimizer->size(), 1);
  ASSERT_TRUE(read.ema.has_value());
  EXPECT_EQ(read.ema->at("head.weight")[0].item<float>(), 7);
}

TEST_F(CheckpointTest, EqualStateGivesEqualBytes) {
  ASSERT_OK(WriteCheckpoint(folder_ / "a", Make(7)));
  ASSERT_OK(WriteCheckpoint(folder_ / "b", Make(7)));
  for (const char* file :
       {"model.safetensors", "optimizer.safetensors", "manifest.pb", "manifest.textproto"}) {
    ASSERT_OK_AND_ASSIGN(const std::string a, ReadFile(folder_ / "a" / "000000007" / file));
    ASSERT_OK_AND_ASSIGN(const std::string b, ReadFile(folder_ / "b" / "000000007" / file));
    EXPECT_EQ(a, b) << file;
    EXPECT_FALSE(a.empty()) << file;
  }
}

TEST_F(CheckpointTest, WithoutOptimizerAndAverageThereIsNoFile) {
  Checkpoint averaged = Make(7);
  averaged.optimizer.reset();
  averaged.ema.reset();
  ASSERT_OK(WriteCheckpoint(folder_, averaged));
  ASSERT_OK_AND_ASSIGN(const Checkpoint read, ReadCheckpoint(folder_ / "000000007"));
  EXPECT_FALSE(read.optimizer.has_value());
  EXPECT_FALSE(read.ema.has_value());
}

TEST_F(CheckpointTest, EveryFlippedByteIsNoticed) {
  for (const char* file :
       {"model.safetensors", "optimizer.safetensors", "ema.safetensors", "manifest.pb"}) {
    ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
    const fs::path path = folder_ / "000000007" / file;
    for (size_t offset = 0; offset < fs::file_size(path); ++offset) {
      Corrupt(path, offset);
      EXPECT_THAT(ReadCheckpoint(folder_ / "000000007"),
                  Fails(absl::StatusCode::kDataLoss, HasSubstr(file)))
          << offset;
      Corrupt(path, offset);
    }
  }
}

TEST_F(CheckpointTest, MissingShortAndSwappedFilesAreNamed) {
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  const fs::path path = folder_ / "000000007";
  fs::resize_file(path / "model.safetensors", 20);
  EXPECT_THAT(ReadCheckpoint(path), Fails(absl::StatusCode::kDataLoss, HasSubstr("20 bytes")));
  fs::remove(path / "model.safetensors");
  EXPECT_THAT(ReadCheckpoint(path),
              Fails(absl::StatusCode::kNotFound, HasSubstr("model.safetensors")));
  fs::copy(path / "optimizer.safetensors", path / "model.safetensors");
  EXPECT_THAT(ReadCheckpoint(path),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("model.safetensors")));
}

TEST_F(CheckpointTest, FilesOfAnotherCheckpointAreNoticed) {
  for (const int64_t i : {10, 20}) ASSERT_OK(WriteCheckpoint(folder_, Make(i)));
  const auto swap = [&](const fs::path& name) {
    fs::rename(folder_ / "000000010" / name, run_ / "aside");
    fs::rename(folder_ / "000000020" / name, folder_ / "000000010" / name);
    fs::rename(run_ / "aside", folder_ / "000000020" / name);
  };
  swap("ema.safetensors");
  EXPECT_THAT(ReadCheckpoint(folder_ / "000000010"),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("ema.safetensors")));
  swap("ema.safetensors");
  swap("");  // the whole folders
  EXPECT_THAT(
      ReadCheckpoint(folder_ / "000000010"),
      Fails(absl::StatusCode::kDataLoss, AllOf(HasSubstr("holds the checkpoint of iteration 20"),
                                               HasSubstr("rename the folder"))));
  swap("");
  EXPECT_OK(ReadCheckpoint(folder_ / "000000010"));
}

TEST_F(CheckpointTest, EveryTruncatedManifestIsNoticed) {
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  const fs::path path = folder_ / "000000007" / "manifest.pb";
  for (size_t size = fs::file_size(path); size-- > 0;) {
    fs::resize_file(path, size);
    EXPECT_THAT(ReadCheckpoint(folder_ / "000000007"),
                Fails(absl::StatusCode::kDataLoss, HasSubstr("manifest.pb")))
        << size;
  }
}

TEST_F(CheckpointTest, LaterFormatIsRefused) {
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  CheckpointManifest manifest;
  manifest.set_format_version(2);
  const uint32_t checksum = Crc32c(manifest.SerializeAsString());
  manifest.set_crc32c(checksum);
  ASSERT_OK(WriteAtomically(folder_ / "000000007" / "manifest.pb", manifest.SerializeAsString()));
  EXPECT_THAT(ReadCheckpoint(folder_ / "000000007"),
              Fails(absl::StatusCode::kFailedPrecondition,
                    AllOf(HasSubstr("format 2"), HasSubstr("use the version that wrote it"))));
  ASSERT_OK(WriteCheckpoint(folder_, Make(6)));
  EXPECT_THAT(ReadNewestWhole(folder_),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("format 2")))
      << "going on from an older one would replace it";
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  EXPECT_EQ(ReadNewestWhole(folder_)->manifest.iteration(), 7) << "this version wrote it";
}

TEST_F(CheckpointTest, DamagedOneIsReplaced) {
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  fs::remove(folder_ / "000000007" / "manifest.pb");
  ASSERT_OK(WriteCheckpoint(folder_, Make(7)));
  EXPECT_THAT(ReadCheckpoint(folder_ / "000000007"), IsOk());
}

TEST_F(CheckpointTest, NewestWholeOnePassesOverDamagedOnes) {
  for (const int64_t i : {10, 20, 30}) ASSERT_OK(WriteCheckpoint(folder_, Make(i)));
  Corrupt(folder_ / "000000030" / "model.safetensors", 90);
  ::testing::internal::CaptureStderr();
  ASSERT_OK_AND_ASSIGN(const Checkpoint read, ReadNewestWhole(folder_));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("000000030/model.safetensors"));
  EXPECT_EQ(read.manifest.iteration(), 20);
}

TEST_F(CheckpointTest, FolderThatCannotBeListedIsAnError) {
  fs::create_directories(run_);
  fs::create_symlink(folder_.filename(), folder_);  // to itself
  EXPECT_THAT(ListCheckpoints(folder_), Not(IsOk()));
  EXPECT_THAT(ReadNewestWhole(folder_), Not(IsOk()));
}

TEST_F(CheckpointTest, NoWholeOneIsAnError) {
  ASSERT_OK(WriteCheckpoint(folder_, Make(10)));
  fs::remove(folder_ / "000000010" / "manifest.pb");
  EXPECT_THAT(ReadNewestWhole(folder_),
              Fails(absl::StatusCode::kNotFound, HasSubstr("no whole checkpoint; put one back")));
  ASSERT_OK(WriteCheckpoint(folder_, Make(10)));
  EXPECT_OK(ReadNewestWhole(folder_));
}

TEST_F(CheckpointTest, FindTakesACheckpointOrTheNewestOfARun) {
  EXPECT_THAT(FindCheckpoint(run_), Fails(absl::StatusCode::kNotFound, HasSubstr("neither")));
  for (const int64_t i : {10, 20}) ASSERT_OK(WriteCheckpoint(folder_, Make(i)));
  ASSERT_OK_AND_ASSIGN(const fs::path newest, FindCheckpoint(run_));
  EXPECT_EQ(newest, folder_ / "000000020");
  ASSERT_OK_AND_ASSIGN(const fs::path itself, FindCheckpoint(folder_ / "000000010"));
  EXPECT_EQ(itself, folder_ / "000000010");
  ASSERT_OK_AND_ASSIGN(const fs::path with_slash, FindCheckpoint(folder_ / "000000010" / ""));
  EXPECT_EQ(with_slash, itself) << "results are named after it";
}

TEST_F(CheckpointTest, SweepKeepsTheLastAndTheMultiples) {
  for (const int64_t i : {10, 20, 30, 40, 50}) ASSERT_OK(WriteCheckpoint(folder_, Make(i)));
  fs::create_directories(folder_ / ".000000060");  // a process died while writing it
  CheckpointConfig config;
  config.set_keep_last(2);
  config.set_keep_every(20);
  ASSERT_OK(SweepCheckpoints(folder_, config, std::nullopt));
  EXPECT_THAT(Names(), ElementsAre("000000020", "000000040", "000000050"));
}

TEST_F(CheckpointTest, SweepKeepsTheBest) {
  for (const int64_t i : {10, 20, 30}) ASSERT_OK(WriteCheckpoint(folder_, Make(i)));
  CheckpointConfig config;
  config.set_keep_last(1);
  config.set_keep_best(true);
  ASSERT_OK(SweepCheckpoints(folder_, config, 10));
  EXPECT_THAT(Names(), ElementsAre("000000010", "000000030"));
  ASSERT_OK(SweepCheckpoints(folder_, config, 30));
  EXPECT_THAT(Names(), ElementsAre("000000030"));
}

TEST_F(CheckpointTest, KeepLastZeroKeepsAll) {
  for (const int64_t i : {10, 20}) ASSERT_OK(WriteCheckpoint(folder_, Make(i)));
  CheckpointConfig config;
  config.set_keep_last(0);
  ASSERT_OK(SweepCheckpoints(folder_, config, std::nullopt));
  EXPECT_THAT(Names(), ElementsAre("000000010", "000000020"));
}

TEST_F(CheckpointTest, FailedWriteLeavesNothing) {
  ASSERT_OK(WriteAtomically(run_, ""));  // a file where the run's folder should be
  EXPECT_THAT(WriteCheckpoint(folder_, Make(7)), Not(IsOk()));
  EXPECT_TRUE(fs::is_regular_file(run_));
  fs::remove(run_);
}

}  // namespace
}  // namespace vitrine
