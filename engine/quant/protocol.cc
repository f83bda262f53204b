#include "engine/quant/protocol.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/name_pattern.h"
#include "engine/catalogue/protocol_fields.h"

namespace zerosweep {
namespace {

int BitsOf(const Json& fields, const char* name) {
  const Json& value = fields.at(name);
  return value == "same" ? 0 : value.get<int>();
}

bool FeedsOnly(const Graph& graph, int node, Op op) {
  const std::vector<int> users = graph.Users(node);
  return !users.empty() && std::all_of(users.begin(), users.end(),
                                       [&](int user) { return graph.nodes[user].op == op; });
}

// Returns the readers of `value` that are shortcuts: option-A shortcuts, and additions if `value`
// has other readers too (if only additions read it, it is the end of a branch).
std::vector<int> Shortcuts(const Graph& graph, Value value) {
  std::vector<int> shortcuts;
  if (FeedsOnly(graph, value.node, Op::kAdd)) return shortcuts;
  for (const int reader : graph.Users(value.node)) {
    const Node& node = graph.nodes[reader];
    const bool reads =
        std::find(node.inputs.begin(), node.inputs.end(), value) != node.inputs.end();
    if (reads && (node.op == Op::kAdd || node.op == Op::kShortcutA)) shortcuts.push_back(reader);
  }
  return shortcuts;
}

bool IsVector(Op op) { return op == Op::kFlatten || op == Op::kReshape; }

// Whether `node` holds the logits, possibly before flattening.
bool IsLogits(const Graph& graph, int node) {
  while (node != graph.output.node) {
    const std::vector<int> users = graph.Users(node);
    if (users.size() != 1 || !IsVector(graph.nodes[users[0]].op)) {
      return false;
    }
    node = users[0];
  }
  return true;
}

// Adds the inputs of weighted operators that gates, sums and the like compute, and that no rule
// about weighted operators and their activations covers.
void AddMixed(const Graph& graph, std::vector<Value>& sites) {
  for (const int node : graph.Weighted()) {
    Value value = graph.nodes[node].inputs.at(0);
    while (Describe(graph.nodes[value.node].op).moves) value = graph.nodes[value.node].inputs.at(0);
    if (Describe(graph.nodes[value.node].op).mixes) sites.push_back(value);
  }
}

std::vector<Value> ReluSites(const Graph& graph) {
  std::vector<Value> sites;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (Describe(graph.nodes[i].op).activation) sites.push_back({static_cast<int>(i), 0});
  }
  AddMixed(graph, sites);
  return sites;
}

std::vector<Value> OpOutputSites(const Graph& graph) {
  std::vector<Value> sites;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!node.weighted() && node.op != Op::kAdd) continue;
    const int end = EndOfChain(graph, static_cast<int>(i));
    if (IsLogits(graph, end) || FeedsOnly(graph, end, Op::kAdd)) continue;
    sites.push_back({end, 0});
  }
  AddMixed(graph, sites);
  return sites;
}

std::vector<Value> OpInputSites(const Graph& graph) {
  std::vector<Value> sites;
  for (const Node& node : graph.nodes) {
    if (!node.weighted() && node.op != Op::kShortcutA) continue;
    sites.push_back(node.inputs.at(0));
  }
  return sites;
}

// What an op, or another addition, hands to additions alone.
std::vector<Value> BranchEnds(const Graph& graph) {
  std::vector<Value> ends;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!graph.nodes[i].weighted() && graph.nodes[i].op != Op::kAdd) continue;
    const int end = EndOfChain(graph, static_cast<int>(i));
    if (FeedsOnly(graph, end, Op::kAdd)) ends.push_back({end, 0});
  }
  return ends;
}

// What makes new values of codes that a runtime can only requantize behind it.
bool Pools(Op op) {
  return op == Op::kAvgPool || op == Op::kGlobalAvgPool || op == Op::kAdaptiveAvgPool ||
         op == Op::kMean || op == Op::kConcat;
}

std::vector<Value> Pooled(const Graph& graph) {
  std::vector<Value> made;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const int node = static_cast<int>(i);
    if (Pools(graph.nodes[i].op) && !IsLogits(graph, node)) made.push_back({node, 0});
  }
  return made;
}

// The weighted nodes whose names match. Throws kUsage for an expression that matches none.
std::set<int> ExcludedNodes(const Graph& graph, const std::string& exclude) {
  std::set<int> excluded;
  if (exclude.empty()) return excluded;
  const NamePattern names(exclude);
  for (const int node : graph.Weighted())
    if (names.FoundIn(graph.nodes[node].name)) excluded.insert(node);
  if (excluded.empty())
    Fail(ErrorKind::kUsage, "exclude '{}' matches no convolution or linear layer of the network",
         exclude);
  return excluded;
}

// Whether nothing else reads the value, perhaps behind pooling and flattening.
bool OnlyReadBy(const Graph& graph, Value value, const std::set<int>& readers) {
  if (graph.output == value) return false;
  for (const int user : graph.Users(value.node)) {
    const Node& node = graph.nodes[user];
    if (std::find(node.inputs.begin(), node.inputs.end(), value) == node.inputs.end() ||
        readers.contains(user))
      continue;
    if (!Describe(node.op).pools || !OnlyReadBy(graph, {user, 0}, readers)) return false;
  }
  return true;
}

// The weighted nodes at both ends: `first` has no weighted ancestor, `last` no weighted descendant.
struct Rim {
  int first = -1;
  int last = -1;
};

Rim FindRim(const Graph& graph) {
  const std::vector<int> weighted = graph.Weighted();
  if (weighted.empty())
    Fail(ErrorKind::kUsage, "the network has no convolution and no linear layer to quantize");
  return {weighted.front(), weighted.back()};
}

// Returns the nearest of `sites` at or before `value`, looking back through pooling and flattening,
// or `value` itself if there is none.
Value SiteBefore(const Graph& graph, const std::vector<Value>& sites, Value value) {
  for (Value at = value;;) {
    if (std::binary_search(sites.begin(), sites.end(), at)) return at;
    const Node& from = graph.nodes[at.node];
    if (!Describe(from.op).pools) return value;
    at = from.inputs.at(0);
  }
}

// Returns the node whose output reaches `node` through pooling and flattening alone.
int MadeBy(const Graph& graph, int node) {
  while (Describe(graph.nodes[node].op).pools) node = graph.nodes[node].inputs.at(0).node;
  return node;
}

}  // namespace

Protocol Protocol::FromJson(const Json& given) {
  Json fields = Protocols().Defaults();
  fields.update(given);
  try {
    Protocol protocol;
    const std::string placement = fields.at("act_placement");
    protocol.act_placement = placement == "relu"        ? ActPlacement::kRelu
                             : placement == "op_output" ? ActPlacement::kOpOutput
                                                        : ActPlacement::kOpInput;
    protocol.first_w = BitsOf(fields, "first_w");
    protocol.stem_out_a = BitsOf(fields, "stem_out_a");
    protocol.last_w = BitsOf(fields, "last_w");
    protocol.last_in_a = BitsOf(fields, "last_in_a");
    const std::string shortcut = fields.at("shortcut");
    protocol.identity_fp = shortcut == "fp";
    protocol.option_a_fp = shortcut == "fp" || shortcut == "option_a_fp";
    protocol.own_shortcuts = shortcut == "own";
    protocol.init_on_fp = fields.at("act_init") == "fp";
    protocol.zero_point_free = fields.at("act_grid") == "symmetric_per_tensor";
    protocol.zero_in_range = fields.at("act_grid") == "asymmetric_with_zero_per_tensor";
    protocol.branch_a = BitsOf(fields, "branch_a");
    protocol.pooled_a = BitsOf(fields, "pooled_a");
    protocol.symmetric_weights = fields.at("w_grid") == "symmetric_per_channel";
    protocol.exclude = fields.at("exclude");
    return protocol;
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kUsage, "protocol fields {}: {}", fields.dump(), error.what());
  }
}

std::vector<ActivationSite> ActivationSites(const Graph& graph, const Protocol& protocol,
                                            int a_bits) {
  const ActPlacement placement = protocol.act_placement;
  std::vector<Value> values = placement == ActPlacement::kRelu       ? ReluSites(graph)
                              : placement == ActPlacement::kOpOutput ? OpOutputSites(graph)
                                                                     : OpInputSites(graph);
  std::map<Value, int> own_bits;
  const auto add = [&](const std::vector<Value>& more, int bits) {
    if (bits == kPassThroughBits) return;
    for (const Value& value : more) own_bits[value] = bits == 0 ? a_bits : bits;
    values.insert(values.end(), more.begin(), more.end());
  };
  add(BranchEnds(graph), protocol.branch_a);
  add(Pooled(graph), protocol.pooled_a);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());

  const std::set<int> excluded = ExcludedNodes(graph, protocol.exclude);
  const Rim rim = FindRim(graph);
  const int stem_out = EndOfChain(graph, rim.first);
  const Value last_in = SiteBefore(graph, values, graph.nodes[rim.last].inputs.at(0));
  std::vector<ActivationSite> sites;
  for (const Value& value : values) {
    const int node = value.node;
    // The first op reads the image itself in full precision.
    if (graph.nodes[node].op == Op::kInput) continue;
    if (!excluded.empty() && OnlyReadBy(graph, value, excluded)) continue;
    const auto own_width = own_bits.find(value);
    ActivationSite site{
        node, own_width == own_bits.end() ? a_bits : own_width->second, {}, value.output};
    if (MadeBy(graph, node) == stem_out && protocol.stem_out_a != 0)
      site.bits = protocol.stem_out_a;
    if (value == last_in && protocol.last_in_a != 0) site.bits = protocol.last_in_a;
    std::vector<int> own;
    for (const int reader : Shortcuts(graph, value)) {
      const bool identity = graph.nodes[reader].op == Op::kAdd;
      if (protocol.own_shortcuts) own.push_back(reader);
      if (protocol.own_shortcuts || (identity ? protocol.identity_fp : protocol.option_a_fp))
        site.exempt.push_back(reader);
    }
    sites.push_back(site);
    for (const int reader : own) sites.push_back({node, site.bits, {}, value.output, {}, reader});
  }
  return sites;
}

bool PadsZeros(const Node& node) {
  return node.op == Op::kPad &&
         node.attributes.value("mode", std::string("constant")) == "constant" &&
         node.attributes.value("value", 0.0) == 0;
}

bool MovesCodes(const Node& node) {
  return Describe(node.op).moves || node.op == Op::kShortcutA || node.op == Op::kInsertZeros ||
         PadsZeros(node);
}

std::optional<size_t> InputSite(const Graph& graph, const std::vector<ActivationSite>& sites,
                                int node) {
  for (int reader = node;;) {
    const Value source = graph.nodes[reader].inputs.at(0);
    // The site that serves a reader alone stands behind the one of all readers.
    for (size_t i = sites.size(); i-- > 0;)
      if (sites[i].value() == source && (!sites[i].only || sites[i].only == reader))
        return sites[i].Exempts(reader) ? std::nullopt : std::optional(i);
    if (!MovesCodes(graph.nodes[source.node])) return std::nullopt;
    reader = source.node;
  }
}

int InputBits(const Graph& graph, const std::vector<ActivationSite>& sites, int node) {
  const auto site = InputSite(graph, sites, node);
  return site ? sites[*site].bits : kPassThroughBits;
}

std::vector<int> WeightBits(const Graph& graph, const Protocol& protocol,
                            const WeightBitWidths& w_bits) {
  const std::vector<int> weighted = graph.Weighted();
  const Rim rim = FindRim(graph);
  const std::set<int> excluded = ExcludedNodes(graph, protocol.exclude);
  std::vector<int> bits;
  for (const int node : weighted) {
    const auto own = w_bits.by_op.find(graph.nodes[node].name);
    int b = own != w_bits.by_op.end() ? own->second : w_bits.uniform;
    if (node == rim.first && protocol.first_w != 0) b = protocol.first_w;
    if (node == rim.last && protocol.last_w != 0) b = protocol.last_w;
    bits.push_back(excluded.contains(node) ? kPassThroughBits : b);
  }
  return bits;
}

bool ActivationSite::Exempts(int reader) const {
  return std::find(exempt.begin(), exempt.end(), reader) != exempt.end();
}

bool ActivationSite::ByElement(int reader) const {
  return std::find(by_element.begin(), by_element.end(), reader) != by_element.end();
}

}  // namespace zerosweep
