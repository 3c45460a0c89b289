#include "eval/classifier.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/core/grad_mode.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/isfinite.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "data/batches/planar.h"
#include "data/image/decode.h"
#include "data/image/grey.h"
#include "eval/embedding.h"
#include "train/checkpoint/open_model.h"
#include "train/settings/loader_spec.h"

namespace vitrine {
namespace {

TransformConfigs EvaluationTransforms(const DataConfig& config) {
  if (config.evaluation_transforms_size() > 0) return config.evaluation_transforms();
  TransformConfigs transforms;
  transforms.Add()->mutable_resize_and_center_crop()->set_crop_fraction(1);
  return transforms;
}

// The transforms of an evaluation draw nothing.
RandomStream NoDraws() { return RandomStream(0, "evaluation", 0, 0); }

}  // namespace

absl::StatusOr<Classifier> Classifier::Load(const std::filesystem::path& path, Weights weights,
                                            at::Device device, at::ScalarType operands) {
  ASSIGN_OR_RETURN(const std::filesystem::path found, FindModel(path));
  ASSIGN_OR_RETURN(SavedWeights saved, ReadWeights(found, weights));
  const ModelConfig& config = saved.manifest.config().model();
  RETURN_IF_ERROR(Annotate(CheckChannelsOfFiles(config.channels()), found.string()));
  RETURN_IF_ERROR(Annotate(CheckClassNames(saved.manifest), found.string()));
  ASSIGN_OR_RETURN(VisionTransformer model,
                   Annotate(RestoreModel(config, saved.tensors, device), found.string()));
  const DataConfig& data = saved.manifest.config().data();
  ASSIGN_OR_RETURN(Normalization normalization,
                   Normalization::Create(data, config.channels(), device));
  ASSIGN_OR_RETURN(TransformPipeline pipeline,
                   TransformPipeline::Create(EvaluationTransforms(data), ImageShapeOf(config).size,
                                             normalization.MeanColor()));
  return Classifier(std::move(saved.manifest), std::move(model), std::move(pipeline),
                    std::move(normalization), operands);
}

Classifier::Classifier(CheckpointManifest manifest, VisionTransformer model,
                       TransformPipeline pipeline, Normalization normalization,
                       at::ScalarType operands)
    : manifest_(std::move(manifest)),
      model_(std::make_unique<const VisionTransformer>(std::move(model))),
      inference_(model_.get(), operands),
      pipeline_(std::move(pipeline)),
      normalization_(std::move(normalization)) {}

absl::StatusOr<PreparedImage> Classifier::Prepare(std::string_view file) const {
  ASSIGN_OR_RETURN(EncodedImage encoded, EncodedImage::Open(file, {.grey = IsGrey()}));
  PreparedImage prepared;
  prepared.size = {encoded.width(), encoded.height()};
  prepared.region = pipeline_.Seen(prepared.size);
  TransformPipeline::Scratch scratch;
  RETURN_IF_ERROR(pipeline_.Apply(&encoded, NoDraws(), &scratch, &prepared.seen));
  prepared.damage = encoded.damage();
  prepared.input = InputOf(prepared.seen);
  return prepared;
}

absl::StatusOr<PreparedImage> Classifier::Prepare(Image picture) const {
  if (IsGrey()) MakeGrey(&picture);
  PreparedImage prepared;
  prepared.size = {picture.width, picture.height};
  prepared.region = pipeline_.Seen(prepared.size);
  TransformPipeline::Scratch scratch;
  RETURN_IF_ERROR(pipeline_.Apply(picture, NoDraws(), &scratch, &prepared.seen));
  prepared.input = InputOf(prepared.seen);
  return prepared;
}

at::Tensor Classifier::InputOf(const Image& seen) const {
  const ImageShape shape = ImageShapeOf(model_->config());
  const at::Tensor bytes =
      at::empty({1, shape.channels, shape.size.height, shape.size.width}, at::kByte);
  ToPlanar(seen, shape.channels, bytes.mutable_data_ptr<uint8_t>());
  return normalization_.Apply(bytes.to(model_->device()));
}

LoaderSpec Classifier::FileSpec() const {
  LoaderSpec spec = LoaderSpecOf(manifest_.config(), model_->device());
  *spec.config.mutable_evaluation_transforms() = EvaluationTransforms(spec.config);
  spec.config.set_on_bad_image(DataConfig::FAIL);
  return spec;
}

absl::StatusOr<at::Tensor> Classifier::Embed(std::string_view file, const Readout& readout) const {
  ASSIGN_OR_RETURN(const PreparedImage prepared, Prepare(file));
  const at::Tensor row = inference_.Embed(prepared.input, readout)[0].cpu();
  RETURN_IF_ERROR(CheckFinite(row));
  return row;
}

absl::StatusOr<std::vector<ClassScore>> Classifier::Best(const at::Tensor& logits,
                                                         int64_t top) const {
  const at::Tensor scores = logits.detach().cpu().to(at::kDouble);
  if (!at::isfinite(scores).all().item<bool>()) {
    return absl::FailedPreconditionError(
        "the model gives it scores that are not finite: its weights are too large to compute with; "
        "take an earlier checkpoint");
  }
  const at::Tensor probabilities = scores.softmax(0);
  const double* const p = probabilities.const_data_ptr<double>();
  std::vector<int> order(probabilities.size(0));
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + std::min<int64_t>(top, probabilities.size(0));
  std::partial_sort(order.begin(), end, order.end(),
                    [p](int a, int b) { return p[a] != p[b] ? p[a] > p[b] : a < b; });
  std::vector<ClassScore> best;
  for (auto i = order.begin(); i != end; ++i) {
    best.push_back({*i, manifest_.class_names(*i), p[*i]});
  }
  return best;
}

absl::StatusOr<std::vector<ClassScore>> Classifier::Classify(std::string_view file,
                                                             int64_t top) const {
  ASSIGN_OR_RETURN(const PreparedImage prepared, Prepare(file));
  return Best(inference_.Forward(prepared.input)[0], top);
}

}  // namespace vitrine
