#include "data/sets/emnist.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "data/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class EmnistTest : public ::testing::Test {
 protected:
  // Of as many images of 2 x 3 as there are labels, with pixels 0, 1, 2, ...
  void Write(const std::string& subset, const std::string& part, const std::string& labels,
             const std::string& ending = "") {
    const auto count = static_cast<uint32_t>(labels.size());
    const std::string prefix = absl::StrCat("emnist-", subset, "-", part);
    WriteTestFile(folder_ / absl::StrCat(prefix, "-images-idx3-ubyte", ending),
                  IdxImages(count, 2, 3));
    WriteTestFile(folder_ / absl::StrCat(prefix, "-labels-idx1-ubyte", ending),
                  IdxFile({count}, labels));
  }

  absl::StatusOr<LoadedSet> Load(const std::string& subset = "") const {
    DataConfig config;
    config.set_source(DataConfig::EMNIST);
    config.set_subset(subset);
    return LoadEmnist(config, folder_);
  }

  const fs::path folder_ = EmptyFolder("emnist_test");
};

TEST_F(EmnistTest, RowsAndColumnsAreExchanged) {
  Write("balanced", "train", "\x01\x02");
  Write("balanced", "test", "\x03");
  ASSERT_OK_AND_ASSIGN(const LoadedSet set, Load());
  EXPECT_EQ(set.name, "emnist-balanced");
  EXPECT_EQ(*set.size, (Size{.width = 2, .height = 3}));
  const auto image = std::get<PlanarPixels>(set.train->Read(1).value());
  const uint8_t upright[] = {6, 9, 7, 10, 8, 11};  // stored as rows 6 7 8 and 9 10 11
  for (int i = 0; i < 6; ++i) EXPECT_EQ(image.pixels[i], upright[i]);
}

// What the mapping of each data set says of its last labels, and of some where one is left out.
TEST_F(EmnistTest, ClassesAreCharacters) {
  const struct {
    std::string subset;
    size_t classes;
    int64_t last_label;
    std::string last;
  } subsets[] = {{"balanced", 47, 46, "t"}, {"byclass", 62, 61, "z"}, {"bymerge", 47, 46, "t"},
                 {"digits", 10, 9, "9"},    {"letters", 26, 26, "Z"}, {"mnist", 10, 9, "9"}};
  for (const auto& [subset, classes, last_label, last] : subsets) {
    Write(subset, "train", std::string(1, static_cast<char>(last_label)));
    Write(subset, "test", "\x01");
    ASSERT_OK_AND_ASSIGN(const LoadedSet set, Load(subset));
    EXPECT_EQ(set.class_names.size(), classes) << subset;
    EXPECT_EQ(set.train->Label(0), static_cast<int64_t>(classes) - 1);
    EXPECT_EQ(set.class_names.back(), last);
    EXPECT_EQ(set.test->Label(0), subset == "letters" ? 0 : 1);
    EXPECT_EQ(set.class_names[set.test->Label(0)], subset == "letters" ? "A" : "1");
    Write(subset, "test", std::string(1, static_cast<char>(last_label + 1)));
    EXPECT_THAT(Load(subset),
                Fails(absl::StatusCode::kInvalidArgument,
                      HasSubstr(absl::StrCat("-test-labels-idx1-ubyte: label ", last_label + 1,
                                             " of item 0 is out of range: ", subset))));
  }
}

TEST_F(EmnistTest, LettersBeginAtOne) {
  Write("letters", "train", std::string(1, '\0'));
  Write("letters", "test", "\x01");
  EXPECT_THAT(Load(), Fails(absl::StatusCode::kInvalidArgument,
                            HasSubstr("label 0 of item 0 is out of range: letters has 1 to 26; "
                                      "get its files again")));
  Write("letters", "train", "\x01");
  EXPECT_OK(Load());
}

TEST_F(EmnistTest, OneOfSeveralIsAskedFor) {
  EXPECT_THAT(Load(), Fails(absl::StatusCode::kNotFound,
                            AllOf(HasSubstr("there is no emnist-balanced-train-images-idx3-ubyte"),
                                  HasSubstr("unpack EMNIST's gzip.zip there"))));
  for (const char* subset : {"digits", "letters"}) {
    Write(subset, "train", "\x01");
    Write(subset, "test", "\x01");
  }
  EXPECT_THAT(Load(), Fails(absl::StatusCode::kInvalidArgument,
                            AllOf(HasSubstr("data.subset: "),
                                  HasSubstr("holds digits, letters of EMNIST; set it to one"))));
  EXPECT_OK(Load("letters"));
  EXPECT_THAT(Load("balanced"), Fails(absl::StatusCode::kNotFound, HasSubstr("emnist-balanced-")));
  EXPECT_THAT(Load("letter"),
              Fails(absl::StatusCode::kInvalidArgument,
                    "data.subset: EMNIST has balanced, byclass, bymerge, digits, letters, mnist, "
                    "not 'letter'"));
}

}  // namespace
}  // namespace vitrine
