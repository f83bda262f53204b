#include "engine/quant/integer_network.h"

#include <utility>

#include "base/error.h"
#include "engine/kernels/fake_quantizer.h"
#include "engine/kernels/maps.h"

namespace zerosweep {
namespace {

FakeGrid CodesOf(const UniformGrid& grid) {
  FakeGrid codes = FakeGridOf(grid);
  codes.as_codes = true;
  return codes;
}

// In channels-last memory that may be overwritten.
torch::Tensor Own(torch::Tensor& codes) {
  if (Unshared(codes)) return codes.contiguous(at::MemoryFormat::ChannelsLast);
  return codes.clone(at::MemoryFormat::ChannelsLast);
}

// ATen pools small maps of uint8 alone.
void PoolCodes(ForwardHooks& hooks, int node) {
  const auto as = [](torch::ScalarType type) {
    return [type](const torch::Tensor& codes) { return codes.to(type); };
  };
  hooks.replace_input[{node, 0}] = as(torch::kFloat32);
  hooks.replace_output[{node, 0}] = as(torch::kUInt8);
}

}  // namespace

IntegerNetwork::IntegerNetwork(const QuantizedNetwork& network)
    : network_(network), sites_(network.Sites()), reads_codes_(network.graph().nodes.size()) {
  if (network.graph().Options().device().is_cuda())
    Fail(ErrorKind::kUsage,
         "integer evaluation runs on a CPU alone: give --device cpu, or evaluate with integer: "
         "false");
  FindLayers();
  if (layers_.empty())
    Fail(ErrorKind::kUsage,
         "integer evaluation: no layer of this network has both its weight and its input in at "
         "most 8 bits: evaluate with integer: false");
  FindChains();
  SetHooks();
}

const QuantizedActivation* IntegerNetwork::SiteAt(Value value) const {
  for (const Activation& activation : network_.activations())
    if (activation.site.value() == value && !activation.site.only) return &activation;
  return nullptr;
}

std::optional<IntegerNetwork::Source> IntegerNetwork::SourceOf(Value value, int reader) const {
  Source source;
  bool pads = false;
  for (;;) {
    source.site = SiteAt(value);
    if (source.site != nullptr) break;
    const Node& node = NodeAt(value.node);
    bool moves = Describe(node.op).moves || node.op == Op::kShortcutA;  // which pads with 0
    for (int i = 0; i < node.output_count(); ++i)
      moves = moves && SiteAt({value.node, i}) == nullptr;
    if (!moves) return std::nullopt;
    pads = pads || node.op == Op::kShortcutA;
    source.movers.push_back(value.node);
    reader = value.node;
    value = node.inputs.at(0);
  }
  const auto& [site, grid, borders] = *source.site;
  if (site.ByElement(reader))
    Fail(ErrorKind::kUsage,
         "integer evaluation of '{}': its columns are rounded element by element: evaluate with "
         "integer: false",
         NodeAt(reader).name);
  if (site.Exempts(reader) || !ForWholeTensor(grid)) return std::nullopt;
  if (pads && CodeScaleOf(grid, NodeAt(reader)).zero != 0) return std::nullopt;
  return source;
}

void IntegerNetwork::FindLayers() {
  for (const auto& [index, weight] : network_.weights()) {
    const Node& node = NodeAt(index);
    const auto source = SourceOf(node.inputs.at(0), index);
    if (!source || !weight.codes.defined()) continue;
    layers_.emplace(index, IntegerLayer(node, weight, source->site->grid));
    reads_codes_[static_cast<size_t>(index)] = true;
    Carry(*source);
  }
}

void IntegerNetwork::Carry(const Source& source) {
  coded_[source.site->site.value()] = source.site;
  for (const int mover : source.movers) {
    reads_codes_[static_cast<size_t>(mover)] = true;
    for (int i = 0; i < NodeAt(mover).output_count(); ++i) coded_[{mover, i}] = source.site;
  }
}

bool IntegerNetwork::Extend(Chain& chain, int index) const {
  const Node& node = NodeAt(index);
  const Value value = {chain.nodes.back(), 0};
  IntegerTail& tail = chain.tail;
  if (tail.activation != nullptr) return false;
  if (node.op == Op::kRelu || node.op == Op::kRelu6) {
    tail.activation = &node;
  } else if (chain.added) {
    return false;
  } else if (node.op == Op::kBatchNorm && tail.norm == nullptr) {
    tail.norm = &node;
  } else if (node.op == Op::kAdd && node.inputs[0] != node.inputs[1]) {
    chain.addend = node.inputs[0] == value ? 1 : 0;
    chain.added = SourceOf(node.inputs[chain.addend], index);
    if (!chain.added) return false;
    tail.added = &chain.added->site->grid;
    chain.at = index;
  } else {
    return false;
  }
  chain.nodes.push_back(index);
  return true;
}

std::optional<IntegerNetwork::Chain> IntegerNetwork::ChainFrom(int convolution) const {
  Chain chain;
  chain.nodes = {convolution};
  chain.at = convolution;
  for (;;) {
    const Value value = {chain.nodes.back(), 0};
    chain.end = SiteAt(value);
    if (chain.end != nullptr) break;
    const std::vector<int> users = network_.graph().Users(value.node);
    if (users.size() != 1 || value == network_.graph().output || !Extend(chain, users[0]))
      return std::nullopt;
  }
  const ActivationSite& site = chain.end->site;
  const bool for_all = site.exempt.empty() && site.by_element.empty();
  if (!for_all || !chain.end->NearestOnOneGrid()) return std::nullopt;
  chain.tail.output = &chain.end->grid;
  return chain;
}

void IntegerNetwork::FindChains() {
  for (auto& [index, layer] : layers_) {
    const Node& node = NodeAt(index);
    if (node.op != Op::kConv2d || layer.shifts()) continue;
    const auto chain = ChainFrom(index);
    if (!chain) continue;
    const auto source = SourceOf(node.inputs.at(0), index);
    layer = IntegerLayer(node, network_.weights().at(index), source->site->grid, chain->tail);
    reads_codes_[static_cast<size_t>(chain->at)] = true;
    if (chain->added) Carry(*chain->added);
    Carry({chain->end, {}});
    chains_.emplace(index, *chain);
  }
}

void IntegerNetwork::SetChainHooks(ForwardHooks& hooks) const {
  for (const auto& [index, chain] : chains_) {
    // The nodes before the one that computes hand it the codes; those behind it hand on its own.
    for (const int node : chain.nodes)
      hooks.compute[node] = [](std::vector<torch::Tensor>& inputs) { return inputs.front(); };
    hooks.compute[chain.at] = [layer = &layers_.at(index),
                               &chain = chain](std::vector<torch::Tensor>& inputs) {
      if (!chain.added) return layer->Run(inputs.front());
      return layer->Run(inputs[1 - chain.addend], Own(inputs[chain.addend]));
    };
    hooks.fake_quantize.erase(chain.end->site.value());
  }
}

void IntegerNetwork::SetHooks() {
  const Graph& graph = network_.graph();
  const auto& activations = network_.activations();
  const auto coded = [this](size_t site) {
    return !sites_[site].only && coded_.contains(sites_[site].value());
  };
  const auto quantize = [&activations, coded](size_t site, int reader, const torch::Tensor& x) {
    const Activation& activation = activations[site];
    const bool nearest = coded(site) && activation.borders.empty();
    const torch::Tensor values = nearest ? x : Quantize(activation, reader, x, Unshared(x));
    if (!coded(site)) return values;
    return FakeQuantizeTensor(Dense(values), CodesOf(activation.grid), false);
  };
  hooks_ = std::make_unique<SiteHooks>(graph, sites_, quantize);
  for (size_t i = 0; i < activations.size(); ++i) {
    const UniformGrid& grid = activations[i].grid;
    if (activations[i].NearestOnOneGrid())
      hooks_->OnGrid(i, coded(i) ? CodesOf(grid) : FakeGridOf(grid));
  }
  ForwardHooks& hooks = hooks_->hooks();
  for (const auto& [index, layer] : layers_)
    hooks.compute[index] = [&layer = layer](std::vector<torch::Tensor>& inputs) {
      return layer.Run(inputs.front());
    };
  SetChainHooks(hooks);
  // All others read values. What has a hook already reads another tensor.
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (NodeAt(i).op == Op::kMaxPool && reads_codes_[static_cast<size_t>(i)]) PoolCodes(hooks, i);
    if (reads_codes_[static_cast<size_t>(i)]) continue;
    for (int k = 0; k < static_cast<int>(NodeAt(i).inputs.size()); ++k) {
      const auto found = coded_.find(NodeAt(i).inputs[static_cast<size_t>(k)]);
      if (found == coded_.end()) continue;
      const FakeGrid grid = FakeGridOf(found->second->grid);
      hooks.replace_input.try_emplace(
          {i, k}, [grid](const torch::Tensor& codes) { return DecodeTensor(Dense(codes), grid); });
    }
  }
}

torch::Tensor IntegerNetwork::Forward(const torch::Tensor& x) const {
  const torch::NoGradGuard no_grad;
  const Graph& graph = network_.graph();
  torch::Tensor y = Run(graph, x, hooks_->hooks());
  const auto coded = coded_.find(graph.output);
  return coded == coded_.end() ? y : DecodeTensor(Dense(y), FakeGridOf(coded->second->grid));
}

}  // namespace zerosweep
