// What a picture goes through before a model sees it, as nodes of ONNX.

#ifndef EVAL_FORMATS_ONNX_PREPROCESSING_H_
#define EVAL_FORMATS_ONNX_PREPROCESSING_H_

#include "data/batches/normalization.h"
#include "data/image/image.h"
#include "data/transform/transform.pb.h"
#include "vit/export/onnx_graph.h"

namespace vitrine {

// From the new input "image", uint8 [batch, height, width, channels] of any height and width, to
// normalised pixels [batch, channels, size.height, size.width]: what TransformPipeline makes of a
// picture that was decoded whole, and Normalization of the result, to the byte.
OnnxValue AddPreprocessing(const ResizeAndCenterCrop& crop, Size size,
                           const Normalization& normalization, OnnxGraph* graph);

}  // namespace vitrine

#endif  // EVAL_FORMATS_ONNX_PREPROCESSING_H_
