#include "engine/export/onnx_export.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "engine/export/onnx_graph.h"
#include "engine/export/onnx_operators.h"
#include "engine/graph/shapes.h"

namespace zerosweep {
namespace {

constexpr const char* kInputName = "input";
constexpr const char* kOutputName = "output";

// The ends of an activation that only clips.
struct Ends {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

std::optional<Ends> EndsOf(const Node& node) {
  if (node.op == Op::kRelu) return Ends{.low = 0};
  if (node.op == Op::kRelu6) return Ends{.low = 0, .high = 6};
  if (node.op != Op::kClip) return std::nullopt;
  Ends ends;
  if (node.attributes.contains("min")) ends.low = node.attributes.at("min");
  if (node.attributes.contains("max")) ends.high = node.attributes.at("max");
  return ends;
}

// Zeros around a map that a convolution may take as its own padding: top, left, bottom, right.
std::optional<std::vector<int64_t>> Border(const Node& node) {
  if (!PadsZeros(node)) return std::nullopt;
  auto pads = node.attributes.at("pads").get<std::vector<int64_t>>();
  if (std::any_of(pads.begin(), pads.end(), [](int64_t n) { return n < 0; })) return std::nullopt;
  pads.resize(std::max(pads.size(), size_t{4}), 0);
  if (std::any_of(pads.begin() + 4, pads.end(), [](int64_t n) { return n != 0; }))
    return std::nullopt;
  return std::vector<int64_t>{pads[2], pads[0], pads[3], pads[1]};
}

class Exporter {
 public:
  Exporter(const ExportedNetwork& network, Runtime target)
      : network_(network),
        target_(target),
        graph_(network.graph()),
        shapes_(ShapesOf(graph_)),
        codes_(network.activations().size()) {
    for (size_t i = 0; i < network.activations().size(); ++i) {
      const ActivationSite& site = network.activations()[i].site;
      if (site.only) {
        own_site_[{*site.only, site.value()}] = i;
      } else {
        site_[site.value()] = i;
      }
    }
  }

  OnnxExport Export(const std::map<std::string, std::string>& metadata) {
    onnx_.NewName(kOutputName);
    onnx_.Input(onnx_.NewName(kInputName), graph_.input_shape);
    raw_[{0, 0}] = kInputName;
    for (size_t i = 1; i < graph_.nodes.size(); ++i) Write(static_cast<int>(i));
    const auto quantized = quantized_.find(graph_.output);
    WriteOutput(quantized == quantized_.end() ? raw_.at(graph_.output) : quantized->second);
    return {onnx_.Bytes("zerosweep", metadata), std::move(operators_), std::move(codes_)};
  }

 private:
  using Names = std::vector<std::string>;
  const Node& At(int node) const { return graph_.nodes[static_cast<size_t>(node)]; }

  void WriteOutput(const std::string& value) {
    onnx_.Rename(value, kOutputName);
    onnx_.Output(kOutputName, shapes_.at(graph_.output));
  }

  // The site whose codes a reader gets of a value; nullopt: the tensor itself.
  std::optional<size_t> SiteFor(int reader, Value value) const {
    if (const auto own = own_site_.find({reader, value}); own != own_site_.end())
      return own->second;
    const auto found = site_.find(value);
    if (found == site_.end() || network_.activations()[found->second].site.Exempts(reader))
      return std::nullopt;
    return found->second;
  }

  std::string Read(int reader, Value value) const {
    const auto site = SiteFor(reader, value);
    return site ? dequantized_.at(*site) : raw_.at(value);
  }

  // Whether everything that reads the value gets codes.
  bool OnlyCodesAreRead(Value value) const {
    if (!site_.contains(value)) return false;
    const std::vector<int> users = graph_.Users(value.node);
    return std::all_of(users.begin(), users.end(),
                       [&](int user) { return SiteFor(user, value).has_value(); });
  }

  void Write(int index) {
    const Node& node = At(index);
    const auto ends = EndsOf(node);
    const bool clips_codes = ends && OnlyCodesAreRead({index, 0});
    if (node.op == Op::kPad && MergesIntoConvolutions(index)) {
      raw_[{index, 0}] = Read(index, node.inputs[0]);
      if (const auto site = Moved(index)) moved_[index] = *site;
      return;
    }
    Names made;
    if (clips_codes) {
      made = {Read(index, node.inputs[0])};
    } else if (node.weighted()) {
      made = {WriteLayer(index)};
    } else {
      Names inputs;
      for (const Value& input : node.inputs)
        inputs.push_back(EndsBranch(index, input) ? HeldApart(index, input) : Read(index, input));
      made =
          WriteOperator({node, inputs, shapes_.at(node.inputs[0]), shapes_.at({index, 0}), onnx_});
      for (std::string& output : made) output = Requantized(index, output);
    }
    for (size_t output = 0; output < made.size(); ++output)
      raw_[{index, static_cast<int>(output)}] = made[output];
    for (size_t site = 0; site < network_.activations().size(); ++site)
      if (const ActivationSite& at = network_.activations()[site].site; at.node == index)
        WriteQuantizer(site, raw_.at(at.value()), clips_codes ? *ends : Ends());
    Judge(index);
  }

  // Whether the value is what a convolution or linear layer hands, as codes, to this addition alone.
  bool EndsBranch(int index, Value value) const {
    if (At(index).op != Op::kAdd || graph_.Users(value.node).size() != 1) return false;
    const auto site = SiteFor(index, value);
    if (!site) return false;
    const Node& node = At(value.node);
    const bool clipped = EndsOf(node) && At(node.inputs[0].node).weighted();
    if (!node.weighted() && !clipped) return false;
    return !clipped_.contains(*site) || target_ == Runtime::kOpenvino;
  }

  // A second quantizer whose step is larger by one ulp: the codes stay, and the values but for
  // float32's rounding. OpenVINO 2026.4 computes a convolution, its quantizer, a sum and the sum's
  // quantizer in one kernel that leaves out the rounding of the first (dnnl_postops_composer.cpp,
  // "drop rounding one special residual pattern"), which changed the class of 10 % of the images of a
  // W4A4 ResNet-20. It merges two equal quantizers, but not these. onnxruntime removes the second.
  std::string HeldApart(int index, Value value) {
    const size_t site = *SiteFor(index, value);
    const std::string name = At(value.node).name + ".apart";
    const float step =
        std::nextafter(network_.activations()[site].step, std::numeric_limits<float>::infinity());
    const Names quantizer = {onnx_.Constant(name + ".step", torch::tensor(step)),
                             quantizers_.at(site).zero};
    const std::string codes = onnx_.One("QuantizeLinear", name + ".codes",
                                        {Read(index, value), quantizer[0], quantizer[1]});
    return onnx_.One("DequantizeLinear", name, {codes, quantizer[0], quantizer[1]});
  }

  bool MergesIntoConvolutions(int pad) const {
    const std::vector<int> users = graph_.Users(pad);
    return Border(At(pad)) && !site_.contains({pad, 0}) && graph_.output.node != pad &&
           std::all_of(users.begin(), users.end(),
                       [&](int user) { return At(user).op == Op::kConv2d; });
  }

  // The site whose codes the node only moves; nullopt: it computes, or reads no codes.
  std::optional<size_t> Moved(int index) const {
    const Node& node = At(index);
    if (!MovesCodes(node)) return std::nullopt;
    const auto moved = moved_.find(node.inputs[0].node);
    const auto site = SiteFor(index, node.inputs[0]);
    return site || moved == moved_.end() ? site : std::optional(moved->second);
  }

  // What an operator makes that only moves codes is said to be codes again, without a change, so
  // that the operators behind it read them.
  std::string Requantized(int index, const std::string& x) {
    const auto site = Moved(index);
    if (!site) return x;
    moved_[index] = *site;
    const Quantizer& of = quantizers_.at(*site);
    const std::string name = At(index).name;
    const std::string codes = onnx_.One("QuantizeLinear", name + ".codes", {x, of.step, of.zero});
    return onnx_.One("DequantizeLinear", name + ".quantized", {codes, of.step, of.zero});
  }

  void WriteQuantizer(size_t site, const std::string& x, const Ends& ends) {
    const ExportedActivation& activation = network_.activations()[site];
    const std::string name = At(activation.site.node).name +
                             (activation.site.only ? "." + At(*activation.site.only).name : "");
    const std::string step = onnx_.Constant(name + ".step", torch::tensor(activation.step));
    const auto code = [&](const char* what, int value) {
      return onnx_.Constant(name + what, torch::tensor(value, torch::kUInt8));
    };
    const std::string zero = code(".zero_point", activation.zero_point);
    quantizers_[site] = {step, zero};
    std::string codes = onnx_.One("QuantizeLinear", name + ".codes", {x, step, zero});
    const auto [low, high] = CodesWithin(activation, ends.low, ends.high);
    if (low > 0 || high < std::numeric_limits<uint8_t>::max()) {
      clipped_.insert(site);
      codes = onnx_.One("Clip", name + ".clipped", {codes, code(".low", low), code(".high", high)});
    }
    dequantized_[site] = onnx_.One("DequantizeLinear", name + ".quantized", {codes, step, zero});
    codes_[site] = codes;
    if (!activation.site.only) quantized_[activation.site.value()] = dequantized_[site];
  }

  // A constant of integers, and its values.
  std::string Dequantized(const std::string& name, const torch::Tensor& integers,
                          const torch::Tensor& step) {
    return onnx_.One(
        "DequantizeLinear", name + ".values",
        {onnx_.Constant(name, integers), onnx_.Constant(name + ".step", step),
         onnx_.Constant(name + ".zero_point", torch::zeros(step.sizes(), integers.scalar_type()))},
        {{"axis", int64_t{0}}});
  }

  std::string WriteLayer(int index) {
    const Node& node = At(index);
    const ExportedWeight& layer = network_.weights().at(index);
    const torch::Tensor& weight = node.parameters.at("weight");
    const std::string name = node.name + ".weight";
    Names inputs = {Read(index, node.inputs[0]), layer.integers.defined()
                                                     ? Dequantized(name, layer.integers, layer.step)
                                                     : onnx_.Constant(name, weight)};
    if (const torch::Tensor bias = Parameter(node, "bias"); bias.defined())
      inputs.push_back(layer.bias.defined()
                           ? Dequantized(node.name + ".bias", layer.bias,
                                         layer.step * network_.activations()[*layer.input].step)
                           : onnx_.Constant(node.name + ".bias", bias));
    return node.op == Op::kConv2d ? WriteConvolution(node, inputs, weight)
                                  : WriteLinear(node, inputs);
  }

  std::string WriteConvolution(const Node& node, const Names& inputs, const torch::Tensor& weight) {
    OnnxGraph::Attributes attributes =
        WindowAttributes(node, weight.sizes().slice(2).vec(), Pair(node, "stride", 1));
    attributes["group"] = node.attributes.value("groups", int64_t{1});
    const int source = node.inputs[0].node;
    if (At(source).op == Op::kPad && MergesIntoConvolutions(source)) {
      auto pads = std::get<std::vector<int64_t>>(attributes.at("pads"));
      const std::vector<int64_t> border = *Border(At(source));
      for (size_t i = 0; i < pads.size(); ++i) pads[i] += border[i];
      attributes["pads"] = pads;
    }
    return onnx_.One("Conv", node.name, inputs, attributes);
  }

  // Gemm takes rows; other tensors are multiplied by the transposed weight.
  std::string WriteLinear(const Node& node, const Names& inputs) {
    if (shapes_.at(node.inputs[0]).size() == 1)
      return onnx_.One("Gemm", node.name, inputs, {{"transB", int64_t{1}}});
    const std::string transposed = onnx_.One("Transpose", node.name + ".transposed", {inputs[1]},
                                             {{"perm", std::vector<int64_t>{1, 0}}});
    const bool biased = inputs.size() > 2;
    const std::string product =
        onnx_.One("MatMul", biased ? node.name + ".product" : node.name, {inputs[0], transposed});
    return biased ? onnx_.One("Add", node.name, {product, inputs[2]}) : product;
  }

  // Whether the codes of a site are what becomes of a node's output, with nothing but a clip between.
  bool EndsInCodes(int index) const {
    if (OnlyCodesAreRead({index, 0})) return true;
    const std::vector<int> users = graph_.Users(index);
    return users.size() == 1 && graph_.output.node != index && EndsOf(At(users[0])) &&
           OnlyCodesAreRead({users[0], 0});
  }

  bool ReadsCodes(int index, Value value) const {
    return SiteFor(index, value).has_value() || moved_.contains(value.node);
  }

  std::string WhyFloat(int index) const {
    const Node& node = At(index);
    for (const Value& input : node.inputs)
      if (!ReadsCodes(index, input)) return "no quantizer is in front of it";
    if (node.weighted() && !network_.weights().at(index).integers.defined())
      return "its weight is in full precision";
    // OpenVINO's products of integers may end in float; in onnxruntime only the logits'.
    if (node.weighted() && target_ == Runtime::kOpenvino) return "";
    if (node.op == Op::kLinear && shapes_.at(node.inputs[0]).size() == 1) return "";
    if (!EndsInCodes(index)) {
      const std::vector<int> users = graph_.Users(index);
      if (users.size() == 1 && Describe(At(users[0]).op).activation && !EndsOf(At(users[0])))
        return std::string("a ") + ToString(At(users[0]).op) + " is behind it";
      return "no quantizer is behind it";
    }
    return "";
  }

  void Judge(int index) {
    const Node& node = At(index);
    if (!node.weighted() && node.op != Op::kAdd) return;
    const std::string why = WhyFloat(index);
    operators_.push_back({node.name, ToString(node.op), why.empty(), why});
  }

  const ExportedNetwork& network_;
  const Runtime target_;
  const Graph& graph_;
  const Shapes shapes_;
  std::map<Value, size_t> site_;                      // that serves all readers but exempt ones
  std::map<std::pair<int, Value>, size_t> own_site_;  // that serves one reader
  OnnxGraph onnx_;
  std::map<Value, std::string> raw_;           // names of tensors
  std::map<Value, std::string> quantized_;     // behind site_
  std::map<size_t, std::string> dequantized_;  // by site
  Names codes_;                                // likewise
  // Names of a site's constants.
  struct Quantizer {
    std::string step, zero;
  };
  std::map<size_t, Quantizer> quantizers_;
  std::set<size_t> clipped_;     // sites with a Clip between their codes
  std::map<int, size_t> moved_;  // nodes that move codes, and of which site
  std::vector<RunsAs> operators_;
};

}  // namespace

OnnxExport ExportOnnx(const ExportedNetwork& network,
                      const std::map<std::string, std::string>& metadata, Runtime target) {
  return Exporter(network, target).Export(metadata);
}

}  // namespace zerosweep
