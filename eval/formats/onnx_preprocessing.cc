#include "eval/formats/onnx_preprocessing.h"

#include <string>
#include <string_view>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/tensor.h"
#include "absl/strings/str_cat.h"
#include "data/transform/framing.h"

namespace vitrine {
namespace {

constexpr float kOne = 1 << 14;  // the sum of a pixel's weights, as in Resample

// Height or width of the pictures, as it is known when the graph runs: [1], int64.
struct Side {
  OnnxValue length;   // of the picture
  OnnxValue resized;  // what it becomes
  int64_t kept;       // so many pixels in the middle of that
  std::string_view name;
};

// Resize with antialiasing is not what resizes: runtimes round its results differently, and some
// have none. A picture is multiplied by the weights of Resample instead, along rows, then along
// columns. These are whole numbers, and so are bytes, so that the sums are exact in float32.
class PreprocessingNodes {
 public:
  PreprocessingNodes(const ResizeAndCenterCrop& crop, Size size, OnnxGraph* graph)
      : crop_(crop), size_(size), graph_(*graph) {}

  OnnxValue AddAll(const Normalization& normalization) {
    const OnnxValue image =
        graph_.AddInput("image", onnx::TensorProto::UINT8,
                        {"batch", "height", "width", absl::StrCat(normalization.channels())});
    graph_.BeginPart("preprocessing");
    Side height = {LengthOf(image, 1), "", size_.height, "rows"};
    Side width = {LengthOf(image, 2), "", size_.width, "columns"};
    SetResized(&height, &width);
    OnnxValue x =
        Cast(graph_.Add("Transpose", {image}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}}),
             onnx::TensorProto::FLOAT);
    x = ToBytes(graph_.Add("MatMul", {x, graph_.Add("Transpose", {Weights(width)})}));
    x = ToBytes(graph_.Add("MatMul", {Weights(height), x}));
    return Normalize(x, normalization);
  }

 private:
  OnnxValue Binary(std::string_view op, const OnnxValue& a, const OnnxValue& b) {
    return graph_.Add(op, {a, b});
  }

  OnnxValue Cast(const OnnxValue& x, onnx::TensorProto::DataType type) {
    return graph_.Add("Cast", {x}, {{"to", int64_t{type}}});
  }

  OnnxValue ToDouble(const OnnxValue& x) { return Cast(x, onnx::TensorProto::DOUBLE); }

  // Halves to even.
  OnnxValue RoundToInt(const OnnxValue& x) {
    return Cast(graph_.Add("Round", {x}), onnx::TensorProto::INT64);
  }

  // Halves away from zero.
  OnnxValue RoundAway(const OnnxValue& x) {
    const OnnxValue magnitude = Binary("Add", graph_.Add("Abs", {x}), graph_.Double(0.5));
    return Binary("Mul", graph_.Add("Sign", {x}), graph_.Add("Floor", {magnitude}));
  }

  OnnxValue LengthOf(const OnnxValue& image, int64_t axis) {
    return graph_.Add("Shape", {image}, {{"start", axis}, {"end", axis + 1}});
  }

  // What `length` becomes beside another side: of a square rounded down.
  OnnxValue InProportion(const OnnxValue& length, int64_t other_resized, const OnnxValue& other) {
    if (size_.width == size_.height) {
      return Binary("Div", Binary("Mul", length, graph_.Ints({other_resized})), other);
    }
    const OnnxValue product =
        Binary("Mul", ToDouble(length), graph_.Double(static_cast<double>(other_resized)));
    return RoundToInt(Binary("Div", product, ToDouble(other)));
  }

  // As CenterFraming.
  void SetResized(Side* height, Side* width) {
    const Size least = CoveredSize(size_, crop_.crop_fraction());
    height->resized = graph_.Ints({least.height});
    width->resized = graph_.Ints({least.width});
    if (crop_.stretch()) return;
    const OnnxValue is_narrow = Binary("Less", Binary("Mul", width->length, height->resized),
                                       Binary("Mul", height->length, width->resized));
    const OnnxValue taller = InProportion(height->length, least.width, width->length);
    const OnnxValue wider = InProportion(width->length, least.height, height->length);
    height->resized = graph_.Add("Where", {is_narrow, taller, height->resized});
    width->resized = graph_.Add("Where", {is_narrow, width->resized, wider});
  }

  // Where what is kept begins, float64.
  OnnxValue Begin(const Side& side) {
    const OnnxValue rest = Binary("Sub", side.resized, graph_.Ints({side.kept}));
    if (crop_.round_down()) return ToDouble(Binary("Div", rest, graph_.Ints({2})));
    return graph_.Add("Round", {Binary("Div", ToDouble(rest), graph_.Double(2))});
  }

  // How far each pixel of the picture is from each that is kept, in units of the kernel: [kept,
  // length], float64.
  OnnxValue Distances(const Side& side) {
    const OnnxValue scale = Binary("Div", ToDouble(side.length), ToDouble(side.resized));
    const OnnxValue kept = graph_.Weight(absl::StrCat("preprocessing.", side.name),
                                         at::arange(side.kept, at::kDouble).unsqueeze(1) + 0.5);
    const OnnxValue centers = Binary("Mul", Binary("Add", kept, Begin(side)), scale);
    const OnnxValue count = ToDouble(graph_.Add("Squeeze", {side.length}));
    const OnnxValue pixels =
        Binary("Add", graph_.Add("Range", {graph_.Double(0), count, graph_.Double(1)}),
               graph_.Double(0.5));
    const OnnxValue stretch = Binary("Max", scale, graph_.Double(1));
    return Binary("Div", graph_.Add("Abs", {Binary("Sub", pixels, centers)}), stretch);
  }

  // a[0] + a[1] x + a[2] x² + ...
  OnnxValue Polynomial(const OnnxValue& x, const std::vector<double>& a) {
    OnnxValue sum = graph_.Double(a.back());
    for (size_t i = a.size() - 1; i-- > 0;) {
      sum = Binary("Mul", sum, x);
      if (a[i] != 0) sum = Binary("Add", sum, graph_.Double(a[i]));
    }
    return sum;
  }

  // As Kernel of data/image/resample.cc.
  OnnxValue Kernel(const OnnxValue& x) {
    const auto if_below = [&](double limit, const OnnxValue& then, const OnnxValue& otherwise) {
      return graph_.Add("Where", {Binary("Less", x, graph_.Double(limit)), then, otherwise});
    };
    const OnnxValue zero = graph_.Double(0);
    if (crop_.filter() == BILINEAR) return if_below(1, Polynomial(x, {1, -1}), zero);
    const OnnxValue outer = if_below(2, Polynomial(x, {2, -4, 2.5, -0.5}), zero);
    return if_below(1, Polynomial(x, {1, 0, -2.5, 1.5}), outer);
  }

  // As RoundWeights there, [kept, length], float32: what is lacking to kOne goes to the largest.
  OnnxValue Weights(const Side& side) {
    const OnnxValue kernel = Kernel(Distances(side));
    const OnnxValue sum = graph_.Add("ReduceSum", {kernel, graph_.Ints({1})});
    const OnnxValue rounded =
        RoundAway(Binary("Mul", Binary("Div", kernel, sum), graph_.Double(kOne)));
    const OnnxValue weights = Cast(rounded, onnx::TensorProto::FLOAT);
    const OnnxValue total = graph_.Add("ReduceSum", {weights, graph_.Ints({1})});
    const OnnxValue largest = graph_.Add("ArgMax", {weights}, {{"axis", 1}});
    const OnnxValue numbers =
        graph_.Add("Range", {graph_.Int(0), graph_.Add("Squeeze", {side.length}), graph_.Int(1)});
    const OnnxValue is_largest = Cast(Binary("Equal", numbers, largest), onnx::TensorProto::FLOAT);
    const OnnxValue lacking = Binary("Sub", graph_.Float(kOne), total);
    return Binary("Add", weights, Binary("Mul", is_largest, lacking));
  }

  // Of sums whose weights are kOne.
  OnnxValue ToBytes(const OnnxValue& sums) {
    const OnnxValue quotient =
        Binary("Div", Binary("Add", sums, graph_.Float(kOne / 2)), graph_.Float(kOne));
    return graph_.Add("Clip",
                      {graph_.Add("Floor", {quotient}), graph_.Float(0), graph_.Float(255)});
  }

  // In the order of Normalization's operations.
  OnnxValue Normalize(const OnnxValue& bytes, const Normalization& normalization) {
    const auto of_each_channel = [&](std::string_view name, const std::vector<float>& values) {
      return graph_.Weight(absl::StrCat("preprocessing.", name),
                           at::tensor(values).view({-1, 1, 1}));
    };
    const OnnxValue shares = Binary("Div", bytes, graph_.Float(255));
    const OnnxValue centered = Binary("Sub", shares, of_each_channel("mean", normalization.mean()));
    return Binary("Div", centered, of_each_channel("std", normalization.std()));
  }

  const ResizeAndCenterCrop& crop_;
  const Size size_;
  OnnxGraph& graph_;
};

}  // namespace

OnnxValue AddPreprocessing(const ResizeAndCenterCrop& crop, Size size,
                           const Normalization& normalization, OnnxGraph* graph) {
  return PreprocessingNodes(crop, size, graph).AddAll(normalization);
}

}  // namespace vitrine
