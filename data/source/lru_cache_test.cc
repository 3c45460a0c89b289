#include "data/source/lru_cache.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Sized {
  int64_t key, size;
  int64_t bytes() const { return size; }
};

class LruCacheTest : public ::testing::Test {
 protected:
  // Asks for the keys and returns those that had to be made.
  std::vector<int64_t> Made(std::vector<int64_t> keys, int64_t size = 10) {
    std::vector<int64_t> made;
    for (const int64_t key : keys) {
      const auto value = cache_.Get(key, [&]() -> LruCache<Sized>::Result {
        made.push_back(key);
        return std::make_shared<Sized>(Sized{key, size});
      });
      EXPECT_EQ((*value)->key, key);
    }
    return made;
  }

  LruCache<Sized> cache_{30};
};

TEST_F(LruCacheTest, MakesAValueOnceWhileItIsKept) {
  EXPECT_THAT(Made({1, 2, 3, 1, 2, 3, 3}), ElementsAre(1, 2, 3));
  EXPECT_EQ(cache_.bytes(), 30);
}

TEST_F(LruCacheTest, DropsWhatWasNotAskedForLongest) {
  Made({1, 2, 3});
  EXPECT_THAT(Made({1, 4}), ElementsAre(4));
  EXPECT_THAT(Made({1, 3, 4, 2}), ElementsAre(2));
  EXPECT_EQ(cache_.bytes(), 30);
}

TEST_F(LruCacheTest, ALargeValueDropsAsManyAsItMust) {
  Made({1, 2, 3});
  Made({4}, 20);
  EXPECT_EQ(cache_.bytes(), 30);
  EXPECT_THAT(Made({3, 4, 2}), ElementsAre(2));
}

TEST_F(LruCacheTest, KeepsOneValueThatIsLargerThanAll) {
  Made({1, 2});
  EXPECT_THAT(Made({7, 7}, 1000), ElementsAre(7));
  EXPECT_EQ(cache_.bytes(), 1000);
  Made({1});
  EXPECT_EQ(cache_.bytes(), 10);
}

TEST_F(LruCacheTest, AValueOutlivesItsPlace) {
  const auto first = cache_.Get(1, [] { return std::make_shared<const Sized>(Sized{1, 10}); });
  Made({2, 3, 4, 5});
  EXPECT_EQ((*first)->key, 1);
  EXPECT_EQ(first->use_count(), 1);
}

TEST_F(LruCacheTest, ErrorsAreKeptAndTakeNoRoom) {
  int asked = 0;
  const auto fail = [&]() -> LruCache<Sized>::Result {
    ++asked;
    return absl::DataLossError("damaged");
  };
  Made({2, 3, 4});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(cache_.Get(1, fail), Fails(absl::StatusCode::kDataLoss, HasSubstr("damaged")));
  }
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(Made({2, 3, 4}), ElementsAre());
}

// The maker waits until all have asked: those that did not find the value pending would hang here
// as makers themselves.
TEST_F(LruCacheTest, ThreadsThatAskForTheSameMakeItOnce) {
  constexpr int kThreads = 8;
  std::atomic<int> asked = 0, made = 0;
  const auto make = [&]() -> LruCache<Sized>::Result {
    while (asked < kThreads) std::this_thread::yield();
    ++made;
    return std::make_shared<const Sized>(Sized{5, 10});
  };
  std::vector<std::thread> threads;
  std::vector<const Sized*> values(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      ++asked;
      values[i] = cache_.Get(5, make)->get();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  for (const Sized* value : values) EXPECT_EQ(value, values[0]);
}

TEST_F(LruCacheTest, OneKeyDoesNotWaitForAnother) {
  std::atomic<bool> is_other_made = false;
  std::thread slow([&] {
    (void)cache_.Get(1, [&]() -> LruCache<Sized>::Result {
      while (!is_other_made) std::this_thread::yield();
      return std::make_shared<const Sized>(Sized{1, 10});
    });
  });
  Made({2});
  is_other_made = true;
  slow.join();
  EXPECT_EQ(cache_.bytes(), 20);
}

}  // namespace
}  // namespace vitrine
