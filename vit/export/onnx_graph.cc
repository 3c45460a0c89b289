#include "vit/export/onnx_graph.h"

#include "ATen/ops/full.h"
#include "ATen/ops/tensor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "glog/logging.h"

namespace vitrine {
namespace {

onnx::TensorProto::DataType TypeOf(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return onnx::TensorProto::FLOAT;
    case at::kDouble:
      return onnx::TensorProto::DOUBLE;
    case at::kLong:
      return onnx::TensorProto::INT64;
    case at::kByte:
      return onnx::TensorProto::UINT8;
    default:
      LOG(FATAL) << "no weight of a graph is of " << c10::toString(tensor.scalar_type());
  }
}

void Fill(const std::string& name, onnx::TensorProto::DataType type, const OnnxShape& shape,
          onnx::ValueInfoProto* info) {
  info->set_name(name);
  onnx::TypeProto::Tensor* const tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (const std::string& side : shape) {
    onnx::TensorShapeProto::Dimension* const dimension = tensor->mutable_shape()->add_dim();
    int64_t number = 0;
    if (absl::SimpleAtoi(side, &number)) {
      dimension->set_dim_value(number);
    } else {
      dimension->set_dim_param(side);
    }
  }
}

void Fill(const OnnxAttribute& given, onnx::AttributeProto* attribute) {
  attribute->set_name(given.name);
  if (const auto* const number = std::get_if<int64_t>(&given.value)) {
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(*number);
  } else if (const auto* const real = std::get_if<float>(&given.value)) {
    attribute->set_type(onnx::AttributeProto::FLOAT);
    attribute->set_f(*real);
  } else if (const auto* const text = std::get_if<std::string>(&given.value)) {
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(*text);
  } else {
    const auto& list = std::get<std::vector<int64_t>>(given.value);
    attribute->set_type(onnx::AttributeProto::INTS);
    attribute->mutable_ints()->Assign(list.begin(), list.end());
  }
}

void Rename(const std::string& from, const std::string& to,
            google::protobuf::RepeatedPtrField<std::string>* names) {
  for (std::string& name : *names) {
    if (name == from) name = to;
  }
}

}  // namespace

OnnxValue OnnxGraph::AddInput(const std::string& name, onnx::TensorProto::DataType type,
                              const OnnxShape& shape) {
  Fill(name, type, shape, graph_.add_input());
  return name;
}

void OnnxGraph::AddOutput(const std::string& name, const OnnxValue& value, const OnnxShape& shape) {
  for (onnx::NodeProto& node : *graph_.mutable_node()) {
    Rename(value, name, node.mutable_input());
    Rename(value, name, node.mutable_output());
  }
  Fill(name, onnx::TensorProto::FLOAT, shape, graph_.add_output());
}

OnnxValue OnnxGraph::Add(std::string_view op, const std::vector<OnnxValue>& inputs,
                         const std::vector<OnnxAttribute>& attributes) {
  return AddMany(op, inputs, 1, attributes)[0];
}

std::vector<OnnxValue> OnnxGraph::AddMany(std::string_view op, const std::vector<OnnxValue>& inputs,
                                          int results,
                                          const std::vector<OnnxAttribute>& attributes) {
  const std::string kind = absl::StrCat(part_, part_.empty() ? "" : "/", op);
  const int number = ++counts_[kind];
  const std::string name = number == 1 ? kind : absl::StrCat(kind, "_", number);
  onnx::NodeProto* const node = graph_.add_node();
  node->set_name(name);
  node->set_op_type(std::string(op));
  for (const OnnxValue& input : inputs) node->add_input(input);
  for (const OnnxAttribute& attribute : attributes) Fill(attribute, node->add_attribute());
  std::vector<OnnxValue> values;
  for (int i = 0; i < results; ++i) {
    values.push_back(results == 1 ? name : absl::StrCat(name, "/", i));
    node->add_output(values.back());
  }
  return values;
}

OnnxValue OnnxGraph::Weight(const std::string& name, const at::Tensor& tensor) {
  CHECK(names_.insert(name).second) << name << " is there already";
  onnx::TensorProto* const weight = graph_.add_initializer();
  weight->set_name(name);
  weight->set_data_type(TypeOf(tensor));
  weight->mutable_dims()->Assign(tensor.sizes().begin(), tensor.sizes().end());
  data_.push_back(tensor.detach().cpu().contiguous());
  return name;
}

OnnxValue OnnxGraph::Constant(const std::string& name, const at::Tensor& tensor) {
  return names_.count(name) > 0 ? name : Weight(name, tensor);
}

OnnxValue OnnxGraph::Ints(const std::vector<int64_t>& values) {
  return Constant(absl::StrCat("[", absl::StrJoin(values, ", "), "]"),
                  at::tensor(values, at::kLong));
}

OnnxValue OnnxGraph::Int(int64_t value) {
  return Constant(absl::StrCat(value), at::full({}, value, at::kLong));
}

// Nine digits tell any two numbers of float32 apart, and 17 those of float64.
OnnxValue OnnxGraph::Float(float value) {
  return Constant(absl::StrFormat("%.9g (float32)", value), at::full({}, value, at::kFloat));
}

OnnxValue OnnxGraph::Double(double value) {
  return Constant(absl::StrFormat("%.17g (float64)", value), at::full({}, value, at::kDouble));
}

OnnxModel OnnxGraph::Finish() && {
  OnnxModel model;
  model.proto.set_ir_version(kOnnxIrVersion);
  model.proto.set_producer_name("Vitrine");
  model.proto.add_opset_import()->set_version(kOnnxOpset);  // of the operators that have no domain
  graph_.set_name("VisionTransformer");
  *model.proto.mutable_graph() = std::move(graph_);
  model.data = std::move(data_);
  return model;
}

}  // namespace vitrine
