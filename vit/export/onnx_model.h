// The Vision Transformer as nodes of ONNX: what VisionTransformer::Forward computes when it is not
// training.
//
//   OnnxGraph graph;
//   const OnnxValue pixels = AddPixels(config, &graph);
//   AddVisionTransformer(config, model.Tensors(), pixels, &graph);

#ifndef VIT_EXPORT_ONNX_MODEL_H_
#define VIT_EXPORT_ONNX_MODEL_H_

#include "base/tensors/tensor_map.h"
#include "vit/export/onnx_graph.h"
#include "vit/model.pb.h"

namespace vitrine {

// The input "pixels", float32 [batch, channels, image_size, ImageWidth(config)], normalised.
OnnxValue AddPixels(const ModelConfig& config, OnnxGraph* graph);

// From such pixels to the outputs "logits", [batch, num_classes], and "embedding", what the heads
// read: [batch, HeadInputs(config)], or with a distillation token [batch, 2, width]. Without heads
// the embedding alone. The config has no problems, and `tensors` are those of its model.
void AddVisionTransformer(const ModelConfig& config, const TensorMap& tensors,
                          const OnnxValue& pixels, OnnxGraph* graph, bool with_heads = true);

}  // namespace vitrine

#endif  // VIT_EXPORT_ONNX_MODEL_H_
