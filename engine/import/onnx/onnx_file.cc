#include "engine/import/onnx/onnx_file.h"

#include <onnx/onnx-ml.pb.h>

#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "engine/import/input_file.h"
#include "engine/import/onnx/external_data.h"
#include "engine/import/names.h"
#include "engine/import/onnx/onnx_tensor.h"
#include "engine/import/onnx/wire_bounds.h"

namespace zerosweep {
namespace {

constexpr uint64_t kMostFileBytes = uint64_t{1} << 31;  // of protobuf
constexpr int64_t kMostSize = int64_t{1} << 24;         // of one dimension of an input
constexpr int kMostInputDimensions = 8;

bool IsDefaultDomain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

// The module of the user's model: "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_3']" →
// "layer1.0.conv1". The last entry is the operation's own.
std::string LastScope(const std::string& scopes) {
  std::vector<std::string> parts;
  for (size_t begin = scopes.find('\''); begin != std::string::npos;
       begin = scopes.find('\'', begin + 1)) {
    const size_t end = scopes.find('\'', begin + 1);
    if (end == std::string::npos) break;
    parts.push_back(scopes.substr(begin + 1, end - begin - 1));
    begin = end;
  }
  return parts.size() < 2 ? "" : parts[parts.size() - 2];
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : origin_(path.string()), files_(path.parent_path(), origin_) {}

  OnnxFile Read(const std::filesystem::path& path) {
    Parse(path);
    ReadHead();
    if (!model_.has_graph()) Fail(ErrorKind::kUsage, "{} holds no graph: export it again", origin_);
    onnx::GraphProto& graph = *model_.mutable_graph();
    for (onnx::TensorProto& tensor : *graph.mutable_initializer()) {
      const std::string name = tensor.name();
      Define(name);
      file_.constants[name] = TakeOnnxTensor(tensor, files_, name, origin_);
    }
    for (const onnx::ValueInfoProto& input : graph.input()) {
      if (!defined_.contains(input.name())) inputs_.push_back(&input);
    }
    for (const onnx::ValueInfoProto* input : inputs_) {
      Define(input->name());
      file_.inputs.push_back(Port(*input));
    }
    for (onnx::NodeProto& node : *graph.mutable_node()) ReadNode(node);
    for (const onnx::ValueInfoProto& output : graph.output()) {
      if (!defined_.contains(output.name())) FailUndefined(output.name(), "the graph's output");
      file_.outputs.push_back(Port(output));
    }
    return std::move(file_);
  }

 private:
  void Parse(const std::filesystem::path& path) {
    std::error_code ignored;
    const uint64_t size = std::filesystem::file_size(path, ignored);
    if (!ignored && size >= kMostFileBytes) {
      Fail(ErrorKind::kUsage,
           "{} has {} bytes, but an ONNX file has less than 2 GB: keep its tensors in a data file "
           "next to it",
           origin_, size);
    }
    const std::string bytes = ReadInputFile(path, "ONNX model");
    CheckOnnxBounds(bytes, origin_);
    if (!model_.ParseFromString(bytes)) {
      Fail(ErrorKind::kUsage, "{} is damaged or no ONNX model: protobuf cannot parse it", origin_);
    }
  }

  void ReadHead() {
    file_.producer =
        ShownName(model_.producer_name() + (model_.producer_version().empty() ? "" : " ") +
                  model_.producer_version());
    file_.ir_version = model_.ir_version();
    for (const auto& entry : model_.metadata_props()) file_.metadata[entry.key()] = entry.value();
    for (const auto& opset : model_.opset_import()) {
      if (IsDefaultDomain(opset.domain())) file_.opset = opset.version();
    }
    if (model_.opset_import().empty() && !model_.has_graph()) {
      Fail(ErrorKind::kUsage, "{} is no ONNX model: it has neither an opset nor a graph", origin_);
    }
    if (file_.opset < kOldestOpset || file_.opset > kNewestOpset) {
      Fail(ErrorKind::kUsage,
           "{} is of opset {}, but {} to {} are known: export it with opset_version=20", origin_,
           file_.opset, kOldestOpset, kNewestOpset);
    }
  }

  // Each name is given to one value, before anything reads it.
  void Define(const std::string& name) {
    if (name.empty()) Fail(ErrorKind::kUsage, "{} is damaged: a tensor has no name", origin_);
    if (!defined_.insert(name).second) {
      Fail(ErrorKind::kUsage, "{} is damaged: it defines '{}' twice", origin_, ShownName(name));
    }
  }

  [[noreturn]] void FailUndefined(const std::string& name, const std::string& reader) const {
    Fail(ErrorKind::kUsage, "{} is damaged: {} reads '{}', which nothing before it defines",
         origin_, reader, ShownName(name));
  }

  OnnxPort Port(const onnx::ValueInfoProto& value) const {
    OnnxPort port{.name = value.name()};
    const onnx::TypeProto& type = value.type();
    const bool is_tensor =
        type.has_tensor_type() || type.value_case() == onnx::TypeProto::VALUE_NOT_SET;
    if (!is_tensor) {
      Fail(ErrorKind::kUsage, "{}: '{}' is no tensor, and networks of tensors alone are read",
           origin_, ShownName(port.name));
    }
    if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return port;
    port.has_shape = true;
    for (const auto& dimension : type.tensor_type().shape().dim()) {
      // Other exporters write 0 or −1 for a free size.
      port.shape.push_back(dimension.dim_value() > 0 ? dimension.dim_value() : -1);
      if (port.shape.size() > kMostInputDimensions || port.shape.back() > kMostSize) {
        Fail(ErrorKind::kUsage, "{}: '{}' claims an impossible shape", origin_,
             ShownName(port.name));
      }
    }
    return port;
  }

  void ReadNode(onnx::NodeProto& proto) {
    OnnxNode node{.op = proto.op_type(), .name = proto.name()};
    for (const auto& entry : proto.metadata_props()) {
      if (entry.key() == "pkg.torch.onnx.stack_trace") node.line = LineOfTrace(entry.value());
      if (entry.key() == "pkg.torch.onnx.name_scopes") node.scope = LastScope(entry.value());
    }
    NoticeFoldedNorm(proto);
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    if (!IsDefaultDomain(proto.domain())) {
      Fail(ErrorKind::kUsage, "{}: {} is not supported: it is of the domain '{}', not ONNX's own",
           origin_, ShownNode(node), ShownName(proto.domain()));
    }
    if (node.outputs.empty()) {
      Fail(ErrorKind::kUsage, "{} is damaged: {} has no output", origin_, ShownNode(node));
    }
    for (const std::string& input : node.inputs) {
      if (!input.empty() && !defined_.contains(input)) FailUndefined(input, ShownNode(node));
    }
    for (onnx::AttributeProto& attribute : *proto.mutable_attribute()) {
      if (!node.attributes.emplace(attribute.name(), Attribute(attribute, node)).second) {
        FailAttribute(node, attribute.name(), "is given twice");
      }
    }
    for (const std::string& output : node.outputs) {
      if (!output.empty()) Define(output);
    }
    CheckMode(node);
    if (node.op == "Constant") {
      TakeConstant(node);
    } else {
      file_.nodes.push_back(std::move(node));
    }
  }

  // dynamo=True names the rule that did it; dynamo=False gives the changed weight a new name.
  void NoticeFoldedNorm(const onnx::NodeProto& node) {
    for (const auto& entry : node.metadata_props()) {
      const bool rule = entry.key() == "pkg.onnxscript.rewriter.rule_name";
      if (rule && entry.value().find("FuseBatchNorm") != std::string::npos) {
        file_.folded_norms = true;
      }
    }
    if (node.op_type() == "Conv" && node.input_size() > 1 &&
        node.input(1).starts_with("onnx::Conv_")) {
      file_.folded_norms = true;
    }
  }

  OnnxAttribute Attribute(onnx::AttributeProto& attribute, const OnnxNode& node) {
    switch (attribute.type()) {
      case onnx::AttributeProto::INT:
        return int64_t{attribute.i()};
      case onnx::AttributeProto::FLOAT:
        return attribute.f();
      case onnx::AttributeProto::STRING:
        return std::move(*attribute.mutable_s());
      case onnx::AttributeProto::INTS:
        return std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end());
      case onnx::AttributeProto::FLOATS:
        return std::vector<float>(attribute.floats().begin(), attribute.floats().end());
      case onnx::AttributeProto::STRINGS:
        return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
      case onnx::AttributeProto::TENSOR:
        return TakeOnnxTensor(*attribute.mutable_t(), files_,
                              node.outputs.empty() ? node.name : node.outputs.front(), origin_);
      case onnx::AttributeProto::GRAPH:
      case onnx::AttributeProto::GRAPHS:
        Fail(ErrorKind::kUsage,
             "{}: {} is not supported: it decides while it runs what is computed", origin_,
             ShownNode(node));
      default:
        FailAttribute(node, attribute.name(), "is of a type that is not read");
    }
  }

  [[noreturn]] void FailAttribute(const OnnxNode& node, const std::string& name,
                                  const char* why) const {
    Fail(ErrorKind::kUsage, "{}: {} is not supported: its attribute '{}' {}", origin_,
         ShownNode(node), ShownName(name), why);
  }

  void CheckMode(const OnnxNode& node) const {
    const auto mode = node.attributes.find("training_mode");
    if (node.op != "BatchNormalization" || mode == node.attributes.end()) return;
    const auto* number = std::get_if<int64_t>(&mode->second);
    if (number != nullptr && *number == 0) return;
    Fail(ErrorKind::kUsage,
         "{}: {} is in training mode: call model.eval() and export with "
         "training=torch.onnx.TrainingMode.PRESERVE",
         origin_, ShownNode(node));
  }

  void TakeConstant(const OnnxNode& node) {
    if (node.outputs.size() != 1 || node.attributes.size() != 1) {
      Fail(ErrorKind::kUsage, "{} is damaged: {} has not one value", origin_, ShownNode(node));
    }
    const auto& [name, value] = *node.attributes.begin();
    torch::Tensor tensor;
    if (const auto* dense = std::get_if<torch::Tensor>(&value)) {
      tensor = *dense;
    } else if (const auto* integer = std::get_if<int64_t>(&value)) {
      tensor = torch::scalar_tensor(*integer, torch::kInt64);
    } else if (const auto* number = std::get_if<float>(&value)) {
      tensor = torch::scalar_tensor(*number, torch::kFloat32);
    } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&value)) {
      tensor = torch::tensor(*integers, torch::kInt64);
    } else if (const auto* numbers = std::get_if<std::vector<float>>(&value)) {
      tensor = torch::tensor(*numbers, torch::kFloat32);
    } else {
      FailAttribute(node, name, "is no tensor of numbers");
    }
    file_.constants[node.outputs.front()] = tensor;
  }

  std::string origin_;
  ExternalFiles files_;
  onnx::ModelProto model_;
  std::vector<const onnx::ValueInfoProto*> inputs_;
  std::set<std::string> defined_;
  OnnxFile file_;
};

}  // namespace

OnnxFile ReadOnnxFile(const std::filesystem::path& path) { return Reader(path).Read(path); }

std::string ShownNode(const OnnxNode& node) {
  const std::string& name =
      node.name.empty() && !node.outputs.empty() ? node.outputs.front() : node.name;
  return fmt::format("operator {} at '{}'{}", ShownName(node.op), ShownName(name),
                     node.line.empty() ? "" : " (" + node.line + ")");
}

}  // namespace zerosweep
