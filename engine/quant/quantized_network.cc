#include "engine/quant/quantized_network.h"

#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/safetensors.h"
#include "engine/kernels/border_quantizer.h"
#include "engine/quant/range_estimation.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {

std::string SiteKey(const Graph& graph, const ActivationSite& site) {
  const auto name = [&](int node) { return graph.nodes[node].name; };
  std::string key = name(site.node) + ".output";
  if (site.output != 0) key += std::to_string(site.output);
  if (site.only) key += ".for." + name(*site.only);
  return key;
}

namespace {

constexpr const char* kTensorFile = "quantized.safetensors";
constexpr const char* kJsonFile = "quantized.json";

// Returns the node of that name. Throws kStorage if there is none, since the artifact then belongs
// to another network.
int RequireNode(const Graph& graph, const std::string& name) {
  const int node = graph.Find(name);
  if (node < 0) Fail(ErrorKind::kStorage, "the network has no node '{}'", name);
  return node;
}

// The key of the border of a site's reader.
std::string BorderKey(const Graph& graph, const ActivationSite& site, int reader) {
  std::string key = SiteKey(graph, site) + ".border";
  if (reader != kEveryReader) key += "." + graph.nodes[reader].name;
  return key;
}

Json Names(const Graph& graph, const std::vector<int>& nodes) {
  Json names = Json::array();
  for (const int node : nodes) names.push_back(graph.nodes[node].name);
  return names;
}

std::vector<int> NodesOf(const Graph& graph, const Json& names) {
  std::vector<int> nodes;
  for (const std::string name : names) nodes.push_back(RequireNode(graph, name));
  return nodes;
}

}  // namespace

torch::Tensor Quantize(const QuantizedActivation& activation, int reader,
                       const torch::Tensor& tensor, bool overwrite) {
  const auto border = activation.borders.find(reader);
  if (border == activation.borders.end()) return FakeQuantize(tensor, activation.grid, overwrite);
  const torch::NoGradGuard no_grad;
  return BorderQuantize(tensor, StepOf(activation.grid), border->second,
                        ZeroPointOf(activation.grid).to(torch::kInt32).item<int>(),
                        activation.grid.bits);
}

WeightGrid MinMaxGrid(const Protocol& protocol) {
  return protocol.symmetric_weights ? PerChannelSymmetricGrid : PerChannelMinMaxGrid;
}

QuantizedNetwork::QuantizedNetwork(const Teacher& teacher, const QuantizationSetting& setting,
                                   const WeightGrid& given)
    : graph_(setting.fold_batch_norms ? FoldBatchNorms(teacher.graph) : teacher.graph),
      folded_(setting.fold_batch_norms),
      w_bits_(setting.w_bits.uniform),
      a_bits_(setting.a_bits) {
  const WeightGrid grid = given ? given : MinMaxGrid(setting.protocol);
  const std::vector<int> nodes = graph_.Weighted();
  const std::vector<int> bits = WeightBits(graph_, setting.protocol, setting.w_bits);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const torch::Tensor& weight = graph_.nodes[nodes[i]].parameters.at("weight");
    QuantizedWeight quantized;
    quantized.grid = grid(weight, bits[i]);
    if (!quantized.grid.pass_through()) quantized.codes = Encode(weight, quantized.grid);
    SetWeight(nodes[i], std::move(quantized));
  }
  for (const ActivationSite& site : ActivationSites(graph_, setting.protocol, setting.a_bits))
    activations_.push_back({site, {}});
}

void QuantizedNetwork::SetWeight(int node, QuantizedWeight weight) {
  weights_[node] = std::move(weight);
  Decode(node);
}

void QuantizedNetwork::SetParameter(int node, const std::string& name, torch::Tensor value) {
  graph_.nodes[node].parameters.at(name) = std::move(value);
  own_.emplace(node, name);
}

void QuantizedNetwork::Decode(int node) {
  const QuantizedWeight& quantized = weights_.at(node);
  if (!quantized.codes.defined()) return;
  const torch::Tensor weight = zerosweep::Decode(quantized.codes, quantized.grid);
  // Channels-last convolutions are faster; the teacher's are channels-last too (LoadTeacher).
  graph_.nodes[node].parameters["weight"] =
      weight.dim() == 4 ? weight.contiguous(at::MemoryFormat::ChannelsLast) : weight;
}

std::vector<ActivationSite> QuantizedNetwork::Sites() const {
  std::vector<ActivationSite> sites;
  for (const QuantizedActivation& activation : activations_) sites.push_back(activation.site);
  return sites;
}

torch::Tensor QuantizedNetwork::Forward(const torch::Tensor& x, const Observe& observe) const {
  const std::vector<ActivationSite> sites = Sites();
  SiteHooks quantizers(graph_, sites, [&](size_t site, int reader, const torch::Tensor& tensor) {
    if (observe && reader == kEveryReader) observe(site, tensor);
    return Quantize(activations_[site], reader, tensor, Unshared(tensor));
  });
  for (size_t i = 0; i < activations_.size() && !observe; ++i) {
    if (activations_[i].NearestOnOneGrid()) quantizers.OnGrid(i, FakeGridOf(activations_[i].grid));
  }
  return Run(graph_, x, quantizers.hooks());
}

double QuantizedNetwork::WeightBytes() const {
  double bits = 0;
  for (const auto& [node, quantized] : weights_) {
    const torch::Tensor& weight = graph_.nodes[node].parameters.at("weight");
    bits += static_cast<double>(weight.numel()) * quantized.grid.bits;
  }
  return bits / 8;
}

double QuantizedNetwork::BitOps() const {
  const std::vector<ActivationSite> sites = Sites();
  double total = 0;
  for (const auto& [node, macs] : CountMacs(graph_))
    total +=
        static_cast<double>(macs) * weights_.at(node).grid.bits * InputBits(graph_, sites, node);
  return total;
}

std::map<std::string, torch::Tensor> QuantizedNetwork::State() const {
  std::map<std::string, torch::Tensor> tensors;
  const auto add_grid = [&](const std::string& name, const UniformGrid& grid) {
    tensors[name + ".scale"] = grid.inverse_scale;
    tensors[name + ".zero_point"] = grid.offset;
  };
  for (const auto& [node, quantized] : weights_) {
    if (quantized.grid.pass_through()) continue;
    const std::string& name = graph_.nodes[node].name;
    tensors[name + ".codes"] = quantized.codes;
    add_grid(name, quantized.grid);
  }
  for (const auto& [node, name] : own_) {
    const Node& owner = graph_.nodes[node];
    tensors[owner.name + "." + name] = owner.parameters.at(name);
  }
  for (const QuantizedActivation& activation : activations_) {
    if (activation.grid.pass_through()) continue;
    add_grid(SiteKey(graph_, activation.site), activation.grid);
    for (const auto& [reader, border] : activation.borders)
      tensors[BorderKey(graph_, activation.site, reader)] = border;
  }
  return tensors;
}

void QuantizedNetwork::LoadState(const std::map<std::string, torch::Tensor>& tensors) {
  const torch::Device device = graph_.Options().device();
  const auto get = [&](const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) Fail(ErrorKind::kStorage, "there is no tensor '{}'", name);
    return found->second.to(device);
  };
  for (auto& [node, quantized] : weights_) {
    if (quantized.grid.pass_through()) continue;
    const std::string& name = graph_.nodes[node].name;
    quantized.codes = get(name + ".codes");
    quantized.grid = {quantized.grid.bits, get(name + ".scale"), get(name + ".zero_point")};
    Decode(node);
  }
  for (const auto& [node, name] : own_) {
    Node& owner = graph_.nodes[node];
    torch::Tensor& parameter = owner.parameters.at(name);
    const torch::Tensor value = get(owner.name + "." + name);
    if (value.sizes() != parameter.sizes())
      Fail(ErrorKind::kStorage, "'{}.{}' has another shape", owner.name, name);
    parameter = value;
  }
  for (QuantizedActivation& activation : activations_) {
    const std::string name = SiteKey(graph_, activation.site);
    activation.grid = {};
    if (tensors.contains(name + ".scale"))
      activation.grid = {activation.site.bits, get(name + ".scale"), get(name + ".zero_point")};
    activation.borders.clear();
    std::vector<int> readers = activation.site.by_element;
    readers.push_back(kEveryReader);
    for (const int reader : readers) {
      const std::string border = BorderKey(graph_, activation.site, reader);
      if (tensors.contains(border)) activation.borders[reader] = get(border);
    }
  }
}

void QuantizedNetwork::Save(const std::filesystem::path& folder) const {
  Json weights = Json::array();
  for (const auto& [node, quantized] : weights_) {
    weights.push_back({{"op", graph_.nodes[node].name}, {"bits", quantized.grid.bits}});
  }
  Json activations = Json::array();
  for (const QuantizedActivation& activation : activations_) {
    activations.push_back({{"tensor", graph_.nodes[activation.site.node].name},
                           {"bits", activation.site.bits},
                           {"exempt", Names(graph_, activation.site.exempt)}});
    if (activation.site.output != 0) activations.back()["output"] = activation.site.output;
    if (!activation.site.by_element.empty())
      activations.back()["by_element"] = Names(graph_, activation.site.by_element);
    if (activation.site.only) activations.back()["only"] = graph_.nodes[*activation.site.only].name;
  }
  Json own = Json::array();
  for (const auto& [node, name] : own_)
    own.push_back({{"node", graph_.nodes[node].name}, {"parameter", name}});
  WriteSafetensors(folder / kTensorFile, State());
  Json json = {{"format", 2},       {"folded", folded_},  {"w_bits", w_bits_},
               {"a_bits", a_bits_}, {"weights", weights}, {"activations", activations}};
  if (!own.empty()) json["own"] = std::move(own);
  WriteFileDurably(folder / kJsonFile, json.dump(1) + "\n");
}

QuantizedNetwork QuantizedNetwork::Load(const Teacher& teacher,
                                        const std::filesystem::path& folder) {
  const Json json = ParseJson(ReadFile(folder / kJsonFile), (folder / kJsonFile).string());
  QuantizedNetwork network;
  try {
    network.folded_ = json.at("folded");
    network.w_bits_ = json.at("w_bits");
    network.a_bits_ = json.at("a_bits");
    network.graph_ = network.folded_ ? FoldBatchNorms(teacher.graph) : teacher.graph;
    for (const Json& entry : json.at("weights")) {
      QuantizedWeight quantized;
      quantized.grid.bits = entry.at("bits");
      network.weights_.emplace(RequireNode(network.graph_, entry.at("op")), std::move(quantized));
    }
    for (const Json& entry : json.at("activations")) {
      QuantizedActivation activation{
          {RequireNode(network.graph_, entry.at("tensor")), entry.at("bits"),
           NodesOf(network.graph_, entry.at("exempt")), entry.value("output", 0),
           NodesOf(network.graph_, entry.value("by_element", Json::array()))},
          {}};
      if (entry.contains("only"))
        activation.site.only = RequireNode(network.graph_, entry.at("only"));
      network.activations_.push_back(std::move(activation));
    }
    for (const Json& entry : json.value("own", Json::array()))
      network.own_.emplace(RequireNode(network.graph_, entry.at("node")), entry.at("parameter"));
    network.LoadState(ReadSafetensors(folder / kTensorFile));
  } catch (const std::exception& error) {
    Fail(ErrorKind::kStorage, "{} does not fit the teacher {}: {}", (folder / kJsonFile).string(),
         teacher.arch, error.what());
  }
  return network;
}

}  // namespace zerosweep
