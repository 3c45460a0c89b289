// A graph of ONNX's operators, made node by node in the order in which they compute.
//
//   OnnxGraph graph;
//   const OnnxValue x = graph.AddInput("x", onnx::TensorProto::FLOAT, {"batch", "4"});
//   const OnnxValue w = graph.Weight("head.weight", weight);
//   graph.AddOutput("y", graph.Add("MatMul", {x, w}), {"batch", "10"});
//   OnnxModel model = std::move(graph).Finish();

#ifndef VIT_EXPORT_ONNX_GRAPH_H_
#define VIT_EXPORT_ONNX_GRAPH_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ATen/core/Tensor.h"
#include "onnx/onnx.pb.h"

namespace vitrine {

// The version of the operators that graphs are made of, and the oldest version of the file format
// that has them (ONNX 1.15, 2023): older runtimes than those that know it cannot run the graphs.
constexpr int kOnnxOpset = 20;
constexpr int kOnnxIrVersion = onnx::IR_VERSION_2023_5_5;

// A value that a node computes, or an input or a weight, by its name.
using OnnxValue = std::string;

struct OnnxAttribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>> value;
};

// A side is a number, or the name of one that is known only when the graph runs.
using OnnxShape = std::vector<std::string>;

struct OnnxModel {
  onnx::ModelProto proto;        // with initializers that have no data yet
  std::vector<at::Tensor> data;  // of each of them
};

class OnnxGraph {
 public:
  OnnxValue AddInput(const std::string& name, onnx::TensorProto::DataType type,
                     const OnnxShape& shape);

  // Gives the value, of float32, this name, under which it is known from then on.
  void AddOutput(const std::string& name, const OnnxValue& value, const OnnxShape& shape);

  // What the nodes that follow are parts of, for people who look at the graph: the beginning of
  // their names.
  void BeginPart(std::string_view name) { part_ = name; }

  // One node with one result, or with several. An empty input is one that is left out.
  OnnxValue Add(std::string_view op, const std::vector<OnnxValue>& inputs,
                const std::vector<OnnxAttribute>& attributes = {});
  std::vector<OnnxValue> AddMany(std::string_view op, const std::vector<OnnxValue>& inputs,
                                 int results, const std::vector<OnnxAttribute>& attributes = {});

  // A tensor of float32, float64, int64 or uint8, which has one name alone.
  OnnxValue Weight(const std::string& name, const at::Tensor& tensor);

  // The same numbers are the same constant, wherever they are asked for: of one dimension; of none.
  OnnxValue Ints(const std::vector<int64_t>& values);
  OnnxValue Int(int64_t value);
  OnnxValue Float(float value);
  OnnxValue Double(double value);

  // All of it, of a batch of any size.
  OnnxModel Finish() &&;

 private:
  OnnxValue Constant(const std::string& name, const at::Tensor& tensor);

  onnx::GraphProto graph_;
  std::vector<at::Tensor> data_;
  std::string part_;
  std::map<std::string, int> counts_;  // nodes by the beginning of their names
  std::set<std::string> names_;        // of weights and constants
};

}  // namespace vitrine

#endif  // VIT_EXPORT_ONNX_GRAPH_H_
