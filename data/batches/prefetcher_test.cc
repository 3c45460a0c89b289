#include "data/batches/prefetcher.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "data/source/image_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::StartsWith;

constexpr int kSize = 2;

// 100 images whose pixels are all their number. Some are bad; some are slow.
class FakeSource : public ImageSource {
 public:
  FakeSource() {
    for (int i = 0; i < 100; ++i) pixels_.emplace_back(kSize * kSize, i);
  }

  int64_t size() const override { return 100; }
  int64_t Label(int64_t index) const override { return index + 1000; }
  std::string Name(int64_t index) const override { return absl::StrCat("image ", index); }
  absl::StatusOr<StoredImage> Read(int64_t index) const override {
    ++reads;
    if (index % 7 == slow) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (index % 10 == bad) return absl::DataLossError(absl::StrCat(Name(index), " is bad"));
    return PlanarPixels{
        .pixels = pixels_[index].data(), .channels = 1, .height = kSize, .width = kSize};
  }

  int bad = -1, slow = -1;
  mutable std::atomic<int> reads = 0;

 private:
  std::vector<std::vector<uint8_t>> pixels_;
};

class PrefetcherTest : public ::testing::Test {
 protected:
  SampleReader MakeReader(OnBad on_bad = OnBad::kFail) {
    return SampleReader(source_, TransformPipeline::Create({}, Square(kSize), {}).value(),
                        {.channels = 1, .size = Square(kSize)}, 1, on_bad);
  }

  // Batch b holds the images b, b + 3, b + 6 ...; the last one is smaller.
  static BatchPlan Plan(int64_t first, int64_t last) {
    return {.first = first,
            .last = last,
            .indices =
                [last](int64_t batch) {
                  std::vector<int64_t> indices(batch + 1 == last ? 3 : 10);
                  for (size_t i = 0; i < indices.size(); ++i) indices[i] = (batch + 3 * i) % 100;
                  return indices;
                },
            .epoch = [](int64_t batch) { return batch / 10; }};
  }

  // All that comes out: labels and the pixels' sum, or the error, of each batch.
  std::vector<std::string> Everything(SampleReader* reader, Prefetcher::Options options,
                                      int64_t first = 0, int64_t last = 25) {
    std::vector<std::string> result;
    Prefetcher prefetcher(reader, Plan(first, last), options);
    while (!prefetcher.AtEnd()) {
      const absl::StatusOr<ByteBatch> batch = prefetcher.Next();
      if (!batch.ok()) {
        result.emplace_back(batch.status().message());
        continue;
      }
      std::string text;
      for (int64_t i = 0; i < batch->labels.size(0); ++i) {
        absl::StrAppend(&text, batch->labels[i].item<int64_t>(), "=",
                        batch->images[i].sum().item<int64_t>(), " ");
      }
      result.push_back(text);
    }
    return result;
  }

  const std::shared_ptr<FakeSource> source_ = std::make_shared<FakeSource>();
};

TEST_F(PrefetcherTest, BatchesInOrderWhateverTheThreads) {
  source_->slow = 3;
  SampleReader reader = MakeReader();
  const auto expected = Everything(&reader, {.threads = 1, .batches_ahead = 1});
  ASSERT_EQ(expected.size(), 25);
  EXPECT_EQ(expected[4].substr(0, 25), "1004=16 1007=28 1010=40 1");
  EXPECT_EQ(expected[24], "1024=96 1027=108 1030=120 ");
  for (const int threads : {2, 3, 8}) {
    for (const int ahead : {1, 2, 5}) {
      EXPECT_EQ(Everything(&reader, {.threads = threads, .batches_ahead = ahead}), expected)
          << threads << " threads, " << ahead << " ahead";
    }
  }
}

TEST_F(PrefetcherTest, BeginsInTheMiddle) {
  SampleReader reader = MakeReader();
  const auto all = Everything(&reader, {.threads = 2});
  const auto rest = Everything(&reader, {.threads = 3}, 17);
  EXPECT_EQ(rest, std::vector<std::string>(all.begin() + 17, all.end()));
  EXPECT_TRUE(Everything(&reader, {}, 25).empty());
}

TEST_F(PrefetcherTest, ErrorIsThatOfTheFirstBadImageAndOfItsBatchAlone) {
  source_->bad = 5;
  SampleReader reader = MakeReader();
  for (const int threads : {1, 2, 8}) {
    const auto result = Everything(&reader, {.threads = threads}, 0, 3);
    ASSERT_EQ(result.size(), 3);
    EXPECT_THAT(result[0], StartsWith("image 15 is bad;"));  // 0, 3, ..., 15
    EXPECT_THAT(result[1], StartsWith("image 25 is bad;"));  // 1, 4, ..., 25
    EXPECT_THAT(result[2], StartsWith("image 5 is bad;"));   // 2, 5
  }
}

TEST_F(PrefetcherTest, LeftOutImagesHaveNegativeLabels) {
  source_->bad = 5;
  SampleReader reader = MakeReader(OnBad::kLeaveOut);
  const auto result = Everything(&reader, {.threads = 2}, 0, 3);
  EXPECT_EQ(result[2], "1002=8 -1=0 1008=32 ");
}

TEST_F(PrefetcherTest, ReadsNoFurtherAheadThanItMay) {
  SampleReader reader = MakeReader();
  Prefetcher prefetcher(&reader, Plan(0, 25), {.threads = 4, .batches_ahead = 2});
  ASSERT_OK(prefetcher.Next());
  while (source_->reads < 30) std::this_thread::yield();  // 2 ahead, and the one that is used
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(source_->reads, 30);
}

// Under the thread sanitizer this is where a race or a thread left behind would show.
TEST_F(PrefetcherTest, GoesAwayAtAnyMoment) {
  source_->slow = 3;
  SampleReader reader = MakeReader();
  for (int used = 0; used < 20; ++used) {
    Prefetcher prefetcher(&reader, Plan(0, 25), {.threads = 1 + used % 5});
    for (int i = 0; i < used; ++i) ASSERT_OK(prefetcher.Next());
  }
}

TEST_F(PrefetcherTest, HandedOutBatchStaysUntilTheNextCall) {
  SampleReader reader = MakeReader();
  Prefetcher prefetcher(&reader, Plan(0, 25), {.threads = 4, .batches_ahead = 3});
  for (int64_t batch = 0; batch < 24; ++batch) {
    ASSERT_OK_AND_ASSIGN(const ByteBatch bytes, prefetcher.Next());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (int64_t i = 0; i < 10; ++i) {
      ASSERT_EQ(bytes.images[i][0][1][1].item<int64_t>(), (batch + 3 * i) % 100);
    }
  }
}

}  // namespace
}  // namespace vitrine
