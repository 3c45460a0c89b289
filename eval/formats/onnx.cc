#include "eval/formats/onnx.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files/json.h"
#include "base/status_macros.h"
#include "data/batches/normalization.h"
#include "data/transform/framing.h"
#include "eval/formats/evaluation_crop.h"
#include "eval/formats/onnx_preprocessing.h"
#include "train/settings/loader_spec.h"
#include "vit/export/onnx_model.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

absl::Status CheckWhole(const SavedWeights& saved) {
  const ModelConfig& config = saved.manifest.config().model();
  ASSIGN_OR_RETURN(const auto model, VisionTransformer::CreateShapesOnly(config));
  RETURN_IF_ERROR(CheckSameTensors(saved.tensors, model.Tensors()));
  return CheckClassNames(saved.manifest);
}

// As few digits as tell it from every other number of float32.
std::string ShortestText(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string ListOf(const std::vector<float>& values) {
  return absl::StrCat(
      "[",
      absl::StrJoin(values, ", ",
                    [](std::string* out, float value) { out->append(ShortestText(value)); }),
      "]");
}

std::string HeightAndWidth(Size size) {
  return absl::StrCat("[", size.height, ", ", size.width, "]");
}

std::string ClassNames(const CheckpointManifest& manifest) {
  Json names = Json::array();
  for (const std::string& name : manifest.class_names()) names.push_back(name);
  return CompactJson(names);
}

void Describe(std::string_view key, std::string value, OnnxModel* model) {
  onnx::StringStringEntryProto* const entry = model->proto.add_metadata_props();
  entry->set_key(std::string(key));
  entry->set_value(std::move(value));
}

std::string ChannelsName(int channels) {
  if (channels == 1) return "grey";
  return channels == 3 ? "RGB" : absl::StrCat(channels);
}

// What README.md has a table of.
void DescribePictures(const ResizeAndCenterCrop& crop, const ImageShape& shape,
                      const Normalization& normalization, OnnxModel* model) {
  const bool is_square = shape.size.width == shape.size.height;
  Describe("channels", ChannelsName(shape.channels), model);
  Describe("resize", crop.stretch() ? "stretch" : "cover", model);
  Describe("resize_to", HeightAndWidth(CoveredSize(shape.size, crop.crop_fraction())), model);
  if (!crop.stretch()) Describe("resize_rounding", is_square ? "down" : "nearest", model);
  Describe("interpolation", crop.filter() == BICUBIC ? "bicubic" : "bilinear", model);
  Describe("crop", "center", model);
  Describe("crop_rounding", crop.round_down() ? "down" : "even", model);
  Describe("image_size", HeightAndWidth(shape.size), model);
  Describe("mean", ListOf(normalization.mean()), model);
  Describe("std", ListOf(normalization.std()), model);
}

}  // namespace

absl::Status ExportOnnx(const SavedWeights& saved, const std::filesystem::path& output,
                        std::vector<std::string>* notes, const OnnxOptions& options) {
  RETURN_IF_ERROR(CheckWhole(saved));
  const ExperimentConfig& config = saved.manifest.config();
  const ImageShape shape = ImageShapeOf(config.model());
  ASSIGN_OR_RETURN(const ResizeAndCenterCrop crop, EvaluationCrop(config.data()));
  ASSIGN_OR_RETURN(const auto normalization, Normalization::Create(config.data(), shape.channels));
  OnnxGraph graph;
  const OnnxValue pixels = options.with_preprocessing
                               ? AddPreprocessing(crop, shape.size, normalization, &graph)
                               : AddPixels(config.model(), &graph);
  const bool has_head = HasHead(saved.manifest);
  AddVisionTransformer(config.model(), saved.tensors, pixels, &graph, has_head);
  OnnxModel model = std::move(graph).Finish();
  if (has_head) Describe("class_names", ClassNames(saved.manifest), &model);
  Describe("preprocessing", options.with_preprocessing ? "inside" : "outside", &model);
  DescribePictures(crop, shape, normalization, &model);
  Describe("opset", absl::StrCat(kOnnxOpset), &model);
  ASSIGN_OR_RETURN(const bool is_beside, WriteOnnx(std::move(model), output, options.most_inside));
  if (is_beside) {
    notes->push_back(absl::StrCat(OnnxDataPath(output).string(),
                                  ": the weights, too large for one file; it belongs beside the "
                                  "other, under this name"));
  }
  return absl::OkStatus();
}

}  // namespace vitrine
