#include "data/source/parquet/parquet_columns.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ColumnType::Kind;

ColumnType Image(const std::string& name) {
  return {name, Kind::kImageStruct, "struct<bytes: binary, path: string>"};
}
ColumnType Binary(const std::string& name) { return {name, Kind::kBinary, "binary"}; }
ColumnType Integer(const std::string& name) { return {name, Kind::kInteger, "int64"}; }
ColumnType Text(const std::string& name) { return {name, Kind::kText, "string"}; }
ColumnType Number(const std::string& name) { return {name, Kind::kOther, "double"}; }

// The names that are taken, "image, label".
std::string Taken(const std::vector<ColumnType>& columns, const std::string& features = "null",
                  const ParquetColumns& wanted = {}) {
  const auto choice = ChooseColumns(columns, ParseJson(features), wanted);
  if (!choice.ok()) return std::string(choice.status().message());
  return choice->taken.image + ", " + choice->taken.label;
}

// Columns as data sets of Hugging Face's hub have them.
TEST(ChooseColumnsTest, ByWhatTheFeaturesSay) {
  constexpr char kCifar100[] = R"({"img": {"_type": "Image"},
      "fine_label": {"names": ["a"], "_type": "ClassLabel"},
      "coarse_label": {"names": ["b"], "_type": "ClassLabel"}})";
  EXPECT_EQ(Taken({Image("img"), Integer("fine_label"), Integer("coarse_label")}, kCifar100),
            "img, fine_label");
  constexpr char kBeans[] = R"({"image_file_path": {"dtype": "string", "_type": "Value"},
      "image": {"_type": "Image"}, "labels": {"names": ["a"], "_type": "ClassLabel"}})";
  EXPECT_EQ(Taken({Text("image_file_path"), Image("image"), Integer("labels")}, kBeans),
            "image, labels");
  constexpr char kTargets[] = R"({"id": {"dtype": "int64", "_type": "Value"},
      "scan": {"_type": "Image"}, "sex": {"_type": "ClassLabel"}, "label": {"_type": "ClassLabel"}})";
  EXPECT_EQ(Taken({Integer("id"), Image("scan"), Integer("sex"), Integer("label")}, kTargets),
            "scan, label");
}

TEST(ChooseColumnsTest, ByTypesAndNamesWithoutFeatures) {
  EXPECT_EQ(Taken({Integer("id"), Image("photo"), Text("category")}), "photo, category");
  EXPECT_EQ(Taken({Text("file_name"), Binary("jpeg"), Integer("class_id")}), "jpeg, class_id");
  EXPECT_EQ(Taken({Binary("thumbnail"), Image("full"), Text("kind")}), "full, kind");
  EXPECT_EQ(Taken({Image("a"), Text("Label"), Integer("label_id")}), "a, Label");
  EXPECT_EQ(Taken({Integer("x"), Image("image"), Number("label")}), "image, x");
  EXPECT_EQ(Taken({Image("img"), Text("label")}, R"({"img": 3, "label": {"_type": "Value"}})"),
            "img, label");
}

// As of tables that WebDataset and pandas wrote.
TEST(ChooseColumnsTest, NamesOfSomethingElseAreTakenLast) {
  EXPECT_EQ(Taken({Text("__key__"), Text("__url__"), Image("jpg"), Integer("cls")}), "jpg, cls");
  EXPECT_EQ(Taken({Integer("__index_level_0__"), Image("x"), Text("species")}), "x, species");
  EXPECT_EQ(Taken({Integer("image_id"), Text("file.name"), Image("image"), Integer("width"),
                   Text("breed"), Text("caption")}),
            "image, breed");
  EXPECT_EQ(Taken({Image("mask"), Image("scan"), Integer("side")}), "scan, side");
  EXPECT_EQ(Taken({Image("mask"), Integer("image_id")}), "mask, image_id");
}

TEST(ChooseColumnsTest, OthersThatFitAreListed) {
  ASSERT_OK_AND_ASSIGN(
      ColumnChoice choice,
      ChooseColumns({Integer("id"), Image("mask"), Image("image"), Integer("label"), Text("note")},
                    Json(), {}));
  EXPECT_EQ(choice.taken.image, "image");
  EXPECT_THAT(choice.other_images, ElementsAre("mask"));
  EXPECT_THAT(choice.other_labels, ElementsAre("id", "note"));
  const Json features = ParseJson(R"({"label": {"_type": "ClassLabel"}})");
  ASSERT_OK_AND_ASSIGN(
      choice, ChooseColumns({Image("image"), Integer("id"), Integer("label")}, features, {}));
  EXPECT_THAT(choice.other_labels, ElementsAre("id")) << "whatever told the one";
  ASSERT_OK_AND_ASSIGN(choice, ChooseColumns({Image("image"), Integer("label")}, Json(), {}));
  EXPECT_THAT(choice.other_images, IsEmpty());
  EXPECT_THAT(choice.other_labels, IsEmpty());
}

TEST(ChooseColumnsTest, WhatIsWantedIsTaken) {
  const std::vector<ColumnType> columns = {Image("image"), Binary("small"), Integer("label"),
                                           Text("breed"), Number("weight")};
  EXPECT_EQ(Taken(columns, "null", {.label = "breed"}), "image, breed");
  EXPECT_EQ(Taken(columns, "null", {.image = "small", .label = "label"}), "small, label");
  EXPECT_THAT(Taken(columns, "null", {.label = "weight"}),
              "column `weight` is double; labels are integers or text; set data.label_column to "
              "such a column");
  EXPECT_THAT(Taken(columns, "null", {.image = "label"}),
              HasSubstr("column `label` is int64; images are struct<bytes: binary, path: string>"));
  EXPECT_THAT(Taken(columns, "null", {.label = "race"}),
              AllOf(HasSubstr("has no column `race` of labels (integers or text); it has: "),
                    HasSubstr("breed: string, weight: double; name one by data.label_column")));
}

// What pyarrow makes of a column that is None throughout.
TEST(ChooseColumnsTest, LabelsThatCanBeButNullLack) {
  const std::vector<ColumnType> columns = {Image("image"), {"label", Kind::kNull, "null"}};
  EXPECT_EQ(Taken(columns, "null", {.label = "label", .label_may_lack = true}), "image, ");
  EXPECT_THAT(Taken(columns, "null", {.label = "label"}),
              AllOf(HasSubstr("has no column `label` of labels"), HasSubstr("label: null")));
}

TEST(ChooseColumnsTest, LabelsMayLackWhereThatIsSaid) {
  const std::vector<ColumnType> columns = {Image("image"), Integer("id")};
  EXPECT_EQ(Taken(columns, "null", {.image = "image", .label = "label", .label_may_lack = true}),
            "image, ");
  EXPECT_EQ(Taken({Image("image")}, "null", {.label_may_lack = true}), "image, ");
  EXPECT_THAT(Taken({Image("image")}), HasSubstr("has no column of labels"));
  EXPECT_THAT(Taken({Text("path"), Integer("label")}),
              HasSubstr("has no column of images (struct<bytes: binary, path: string> or binary); "
                        "it has: path: string, label: int64"));
}

TEST(FindClassNamesTest, AreAListOfTheColumn) {
  const Json features = ParseJson(R"({"a": {"names": ["x"]}, "b": {"names": []}, "c": [1]})");
  EXPECT_EQ(*FindClassNames(features, "a"), Json({"x"}));
  for (const char* column : {"b", "c", "d"}) EXPECT_EQ(FindClassNames(features, column), nullptr);
  EXPECT_EQ(FindClassNames(Json(), "a"), nullptr);
}

}  // namespace
}  // namespace vitrine
