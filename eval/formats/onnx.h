// A model as a file of ONNX, for ONNX Runtime, OpenVINO, TensorRT and others.
//
//   RETURN_IF_ERROR(ExportOnnx(saved, "model.onnx", &notes, {.with_preprocessing = true}));

#ifndef EVAL_FORMATS_ONNX_H_
#define EVAL_FORMATS_ONNX_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "eval/weights.h"
#include "vit/export/onnx_file.h"

namespace vitrine {

struct OnnxOptions {
  // The input is "image", bytes of pictures of any size, in place of "pixels", normalised ones of
  // the model's size.
  bool with_preprocessing = false;

  int64_t most_inside = kMostInside;  // as for WriteOnnx
};

// Writes the model with the names of its classes and what is done to pictures in the file's
// metadata, which README.md describes, and adds a note if there is a second file. A model without a
// head has the embedding alone. Errors are those of WriteOnnx, and:
//   FailedPrecondition  the weights are not those of the config's model
//   DataLoss            there is not a name for each class
//   InvalidArgument     what is done to pictures cannot be said in ONNX
absl::Status ExportOnnx(const SavedWeights& saved, const std::filesystem::path& output,
                        std::vector<std::string>* notes, const OnnxOptions& options = {});

}  // namespace vitrine

#endif  // EVAL_FORMATS_ONNX_H_
