// A trained model that classifies image files. Everything that it needs is in the checkpoint. What
// programs outside of this repository embed is //library, which is this behind a C interface.
//
//   ASSIGN_OR_RETURN(const Classifier classifier, Classifier::Load("runs/imagenette"));
//   ASSIGN_OR_RETURN(const std::vector<ClassScore> best, classifier.Classify(file_bytes,
//   /*top=*/5));
//
// It is here and not in //vit, because it needs the checkpoint and the data's transforms, which the
// model's own folder must not know.

#ifndef EVAL_CLASSIFIER_H_
#define EVAL_CLASSIFIER_H_

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "data/batches/loader.h"
#include "data/batches/normalization.h"
#include "data/image/image.h"
#include "data/transform/pipeline.h"
#include "eval/weights.h"
#include "train/checkpoint/checkpoint.h"
#include "vit/inference_model.h"
#include "vit/readout.h"
#include "vit/vision_transformer.h"

namespace vitrine {

struct ClassScore {
  int64_t index;  // of the manifest's class_names
  std::string name;
  double probability;
};

// An image as the model takes it.
struct PreparedImage {
  at::Tensor input;  // float32 [1, C, H, W], normalised, on the model's device
  Image seen;        // the same pixels for people
  Size size;         // of the picture in the file
  Region region;     // the part of it that the model sees
  // What is wrong with the file although it was read; empty: nothing.
  std::string damage;
};

class Classifier {
 public:
  // `path` is a checkpoint or a run, of which the newest checkpoint is taken. `operands` are those
  // of InferenceModel. Errors are those of ReadWeights, and
  // FailedPrecondition if pictures have not the channels that the model takes.
  static absl::StatusOr<Classifier> Load(const std::filesystem::path& path,
                                         Weights weights = Weights::kModel,
                                         at::Device device = at::kCPU,
                                         at::ScalarType operands = at::kFloat);

  const VisionTransformer& model() const { return *model_; }

  // The same model in less time, without gradients.
  const InferenceModel& inference() const { return inference_; }

  const CheckpointManifest& manifest() const { return manifest_; }

  // A JPEG or PNG of any size, by the transforms that the model is evaluated with; where it has
  // none, the middle square, resized. A model of one channel sees it in grey (MakeGrey). Errors are
  // those of EncodedImage and TransformPipeline::Apply.
  absl::StatusOr<PreparedImage> Prepare(std::string_view file) const;

  // The same for pixels in memory, at least one.
  absl::StatusOr<PreparedImage> Prepare(Image picture) const;

  // How a Loader makes the inputs that Prepare makes, of files. One that can't be read is an error.
  LoaderSpec FileSpec() const;

  // Numbers that stand for a picture, float32 on the CPU, [D] or as Readout has it: pictures that
  // are alike have vectors with a small angle between them. The readout is to pass CheckReadout.
  // Errors are those of Prepare, and FailedPrecondition if a number is not finite.
  absl::StatusOr<at::Tensor> Embed(std::string_view file, const Readout& readout = {}) const;

  // The most probable classes of logits [K], the best first, at most `top` of them. Of equals the
  // smaller index comes first. FailedPrecondition if a logit is not finite: the weights are too
  // large to compute with.
  absl::StatusOr<std::vector<ClassScore>> Best(const at::Tensor& logits, int64_t top) const;

  // The same for the file of a picture. Any number of threads may do so at once.
  absl::StatusOr<std::vector<ClassScore>> Classify(std::string_view file, int64_t top) const;

 private:
  Classifier(CheckpointManifest manifest, VisionTransformer model, TransformPipeline pipeline,
             Normalization normalization, at::ScalarType operands);

  bool IsGrey() const { return model_->config().channels() == 1; }

  // The picture of what is seen, as the model takes it.
  at::Tensor InputOf(const Image& seen) const;

  CheckpointManifest manifest_;
  std::unique_ptr<const VisionTransformer> model_;  // where inference_ can point to
  InferenceModel inference_;
  TransformPipeline pipeline_;
  Normalization normalization_;
};

}  // namespace vitrine

#endif  // EVAL_CLASSIFIER_H_
