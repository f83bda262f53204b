#include "engine/quant/quantized_network.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/safetensors.h"

namespace zerosweep {
namespace {

constexpr const char* kTensorFile = "quantized.safetensors";
constexpr const char* kJsonFile = "quantized.json";

// The node of that name. Throws kStorage: the artifact was made of another network.
int RequireNode(const Graph& graph, const std::string& name) {
  const int node = graph.Find(name);
  if (node < 0) Fail(ErrorKind::kStorage, "the network has no node '{}'", name);
  return node;
}

// Under which the range of a node's output is saved: "relu1.range", "chunk.1.range".
std::string RangeKey(const std::string& node, int output) {
  return output == 0 ? node + ".range" : fmt::format("{}.{}.range", node, output);
}

}  // namespace

QuantizedNetwork::QuantizedNetwork(const Teacher& teacher, const Protocol& protocol, bool fold,
                                   int w_bits, int a_bits)
    : graph_(fold ? FoldBatchNorms(teacher.graph) : teacher.graph),
      folded_(fold),
      w_bits_(w_bits),
      a_bits_(a_bits) {
  const std::vector<int> nodes = graph_.Weighted();
  const std::vector<int> bits = WeightBits(graph_, protocol, w_bits);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const torch::Tensor& weight =
        graph_.nodes[static_cast<size_t>(nodes[i])].parameters.at("weight");
    QuantizedWeight quantized;
    quantized.grid = PerChannelMinMaxGrid(weight, bits[i]);
    if (!quantized.grid.pass_through()) quantized.codes = Encode(weight, quantized.grid);
    weights_.emplace(nodes[i], std::move(quantized));
  }
  for (const ActSite& site : ActSites(graph_, protocol, a_bits))
    activations_.push_back({site, {}, {}, {}});
  DecodeWeights();
}

void QuantizedNetwork::DecodeWeights() {
  for (const auto& [node, quantized] : weights_) {
    if (!quantized.codes.defined()) continue;
    const torch::Tensor weight = Decode(quantized.codes, quantized.grid);
    // Channels-last convolutions are the fast ones; so are the teacher's (LoadTeacher).
    graph_.nodes[static_cast<size_t>(node)].parameters["weight"] =
        weight.dim() == 4 ? weight.contiguous(at::MemoryFormat::ChannelsLast) : weight;
  }
}

void QuantizedNetwork::SetRange(QuantizedActivation& activation, const torch::Tensor& lo,
                                const torch::Tensor& hi) const {
  activation.lo = lo;
  activation.hi = hi;
  activation.grid = MakeUniformGrid(lo, hi, activation.site.bits);
}

torch::Tensor QuantizedNetwork::Forward(
    const torch::Tensor& x,
    const std::function<void(size_t, const torch::Tensor&)>& observe) const {
  std::map<Value, size_t> site_of;
  for (size_t i = 0; i < activations_.size(); ++i) site_of[activations_[i].site.value()] = i;
  std::map<Value, torch::Tensor> unquantized;  // outputs that exempt readers still need
  Taps taps;
  taps.replace_part = [&](Value part, const torch::Tensor& output) {
    const auto site = site_of.find(part);
    if (site == site_of.end()) return output;
    if (observe) observe(site->second, output);
    const QuantizedActivation& activation = activations_[site->second];
    if (!activation.site.exempt.empty()) unquantized[part] = output;
    return FakeQuantize(output, activation.grid);
  };
  taps.replace_output = [&](int node, const torch::Tensor& output) {
    return taps.replace_part({node, 0}, output);
  };
  taps.replace_input = [&](int node, int index, const torch::Tensor& input) {
    const Value source = graph_.nodes[static_cast<size_t>(node)].inputs[static_cast<size_t>(index)];
    const auto site = site_of.find(source);
    if (site == site_of.end()) return input;
    const std::vector<int>& exempt = activations_[site->second].site.exempt;
    return std::find(exempt.begin(), exempt.end(), node) == exempt.end() ? input
                                                                         : unquantized.at(source);
  };
  return Run(graph_, x, taps);
}

double QuantizedNetwork::WeightBytes() const {
  double bits = 0;
  for (const auto& [node, quantized] : weights_) {
    const torch::Tensor& weight = graph_.nodes[static_cast<size_t>(node)].parameters.at("weight");
    bits += static_cast<double>(weight.numel()) * quantized.grid.bits;
  }
  return bits / 8;
}

double QuantizedNetwork::BitOps() const {
  std::map<Value, int> bits_at;
  for (const QuantizedActivation& activation : activations_)
    bits_at[activation.site.value()] = activation.site.bits;
  double total = 0;
  for (const auto& [node, macs] : CountMacs(graph_)) {
    // The tensor an op reads keeps the bits of its quantizer where values only move.
    Value source = graph_.nodes[static_cast<size_t>(node)].inputs[0];
    while (!bits_at.contains(source)) {
      const Node& from = graph_.nodes[static_cast<size_t>(source.node)];
      const bool keeps_values = from.op == Op::kFlatten || from.op == Op::kMaxPool ||
                                from.op == Op::kChunk || from.op == Op::kChannelShuffle;
      if (!keeps_values) break;
      source = from.inputs[0];
    }
    const auto found = bits_at.find(source);
    const int input_bits = found == bits_at.end() ? kPassThroughBits : found->second;
    total += static_cast<double>(macs) * weights_.at(node).grid.bits * input_bits;
  }
  return total;
}

void QuantizedNetwork::Save(const std::filesystem::path& folder) const {
  std::map<std::string, torch::Tensor> tensors;
  Json weights = Json::array();
  for (const auto& [node, quantized] : weights_) {
    const std::string& name = graph_.nodes[static_cast<size_t>(node)].name;
    weights.push_back({{"op", name}, {"bits", quantized.grid.bits}});
    if (quantized.grid.pass_through()) continue;
    tensors[name + ".codes"] = quantized.codes;
    tensors[name + ".scale"] = quantized.grid.scale;
    tensors[name + ".zero_point"] = quantized.grid.zero_point;
  }
  Json activations = Json::array();
  for (const QuantizedActivation& activation : activations_) {
    const std::string& name = graph_.nodes[static_cast<size_t>(activation.site.node)].name;
    Json exempt = Json::array();
    for (const int node : activation.site.exempt)
      exempt.push_back(graph_.nodes[static_cast<size_t>(node)].name);
    activations.push_back({{"tensor", name}, {"bits", activation.site.bits}, {"exempt", exempt}});
    if (activation.site.output != 0) activations.back()["output"] = activation.site.output;
    tensors[RangeKey(name, activation.site.output)] = torch::stack({activation.lo, activation.hi});
  }
  WriteSafetensors(folder / kTensorFile, tensors);
  const Json json = {{"format", 1},       {"folded", folded_},  {"w_bits", w_bits_},
                     {"a_bits", a_bits_}, {"weights", weights}, {"activations", activations}};
  WriteFileDurably(folder / kJsonFile, json.dump(1) + "\n");
}

QuantizedNetwork QuantizedNetwork::Load(const Teacher& teacher,
                                        const std::filesystem::path& folder) {
  const auto tensors = ReadSafetensors(folder / kTensorFile);
  const Json json = ParseJson(ReadFile(folder / kJsonFile), (folder / kJsonFile).string());
  const torch::Device device = teacher.device();
  QuantizedNetwork network;
  try {
    network.folded_ = json.at("folded");
    network.w_bits_ = json.at("w_bits");
    network.a_bits_ = json.at("a_bits");
    network.graph_ = network.folded_ ? FoldBatchNorms(teacher.graph) : teacher.graph;
    for (const Json& entry : json.at("weights")) {
      const std::string name = entry.at("op");
      QuantizedWeight quantized;
      quantized.grid.bits = entry.at("bits");
      if (!quantized.grid.pass_through()) {
        quantized.codes = tensors.at(name + ".codes").to(device);
        quantized.grid.scale = tensors.at(name + ".scale").to(device);
        quantized.grid.zero_point = tensors.at(name + ".zero_point").to(device);
      }
      network.weights_.emplace(RequireNode(network.graph_, name), std::move(quantized));
    }
    for (const Json& entry : json.at("activations")) {
      const std::string name = entry.at("tensor");
      const int output = entry.value("output", 0);
      QuantizedActivation activation{
          {RequireNode(network.graph_, name), entry.at("bits"), {}, output}, {}, {}, {}};
      for (const std::string reader : entry.at("exempt"))
        activation.site.exempt.push_back(RequireNode(network.graph_, reader));
      const torch::Tensor range = tensors.at(RangeKey(name, output)).to(device);
      network.SetRange(activation, range[0], range[1]);
      network.activations_.push_back(std::move(activation));
    }
  } catch (const std::exception& error) {
    Fail(ErrorKind::kStorage, "{} does not fit the teacher {}: {}", (folder / kJsonFile).string(),
         teacher.arch, error.what());
  }
  network.DecodeWeights();
  return network;
}

}  // namespace zerosweep
