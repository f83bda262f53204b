#include "engine/export/onnx_graph.h"

#include <onnx/onnx-ml.pb.h>

#include <utility>

#include "base/error.h"
#include "base/version.h"

namespace zerosweep {
namespace {

onnx::TensorProto::DataType TypeOf(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return onnx::TensorProto::FLOAT;
    case torch::kInt64:
      return onnx::TensorProto::INT64;
    case torch::kInt32:
      return onnx::TensorProto::INT32;
    case torch::kInt8:
      return onnx::TensorProto::INT8;
    case torch::kUInt8:
      return onnx::TensorProto::UINT8;
    default:
      Fail(ErrorKind::kInternal, "no constant of ONNX has type {}",
           torch::toString(tensor.scalar_type()));
  }
}

struct SetValue {
  onnx::AttributeProto& attribute;

  void operator()(int64_t value) const {
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  void operator()(double value) const {
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    attribute.set_type(onnx::AttributeProto::STRING);
    attribute.set_s(value);
  }
  void operator()(const std::vector<int64_t>& values) const {
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute.add_ints(value);
  }
};

void Describe(onnx::ValueInfoProto& info, const std::string& name,
              const std::vector<int64_t>& shape) {
  info.set_name(name);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
  for (const int64_t size : shape) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

}  // namespace

OnnxGraph::OnnxGraph() : model_(std::make_unique<onnx::ModelProto>()) {}
OnnxGraph::~OnnxGraph() = default;

std::string OnnxGraph::NewName(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

OnnxGraph::Names OnnxGraph::Node(const std::string& op, const std::string& name,
                                 const Names& inputs, const Attributes& attributes,
                                 size_t outputs) {
  onnx::NodeProto& node = *model_->mutable_graph()->add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  Names made;
  for (size_t i = 0; i < outputs; ++i) {
    made.push_back(NewName(name));
    node.add_output(made.back());
  }
  node.set_name(made.front());
  for (const auto& [key, value] : attributes) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(key);
    std::visit(SetValue{attribute}, value);
  }
  return made;
}

std::string OnnxGraph::Constant(const std::string& name, const torch::Tensor& value) {
  const torch::Tensor dense = value.detach().contiguous();
  onnx::TensorProto& tensor = *model_->mutable_graph()->add_initializer();
  tensor.set_name(NewName(name));
  tensor.set_data_type(TypeOf(dense));
  for (const int64_t size : dense.sizes()) tensor.add_dims(size);
  tensor.set_raw_data(dense.const_data_ptr(), dense.nbytes());
  return tensor.name();
}

std::string OnnxGraph::Constant(const std::string& name, const std::vector<int64_t>& numbers) {
  return Constant(name, torch::tensor(numbers, torch::kInt64));
}

void OnnxGraph::Rename(const std::string& value, const std::string& name) {
  for (onnx::NodeProto& node : *model_->mutable_graph()->mutable_node()) {
    for (std::string& output : *node.mutable_output())
      if (output == value) output = name;
    for (std::string& input : *node.mutable_input())
      if (input == value) input = name;
  }
}

void OnnxGraph::Input(const std::string& name, const std::vector<int64_t>& shape) {
  Describe(*model_->mutable_graph()->add_input(), name, shape);
}

void OnnxGraph::Output(const std::string& name, const std::vector<int64_t>& shape) {
  Describe(*model_->mutable_graph()->add_output(), name, shape);
}

std::string OnnxGraph::Bytes(const std::string& name,
                             const std::map<std::string, std::string>& metadata) {
  model_->mutable_graph()->set_name(name);
  model_->set_ir_version(kOnnxIr);
  model_->set_producer_name("zerosweep");
  model_->set_producer_version(Version());
  model_->clear_opset_import();
  model_->add_opset_import()->set_version(kOnnxOpset);
  model_->clear_metadata_props();
  for (const auto& [key, value] : metadata) {
    onnx::StringStringEntryProto& entry = *model_->add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  return model_->SerializeAsString();
}

}  // namespace zerosweep
