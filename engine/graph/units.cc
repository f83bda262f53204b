#include "engine/graph/units.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "base/error.h"
#include "engine/graph/subgraph.h"

namespace zerosweep {
namespace {

// Returns the nodes whose value lies on every path from the image to the output.
std::vector<int> Cuts(const Graph& graph) {
  std::vector<int> last_use(graph.nodes.size(), -1);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const Value& input : graph.nodes[i].inputs) last_use[input.node] = static_cast<int>(i);
  }
  std::vector<int> cuts;
  int reach = 0;  // the last node that reads something from before `i`
  for (int i = 0; i <= graph.output.node; ++i) {
    const bool one_value = graph.nodes[i].output_count() == 1;
    if (reach <= i && one_value) cuts.push_back(i);
    reach = std::max(reach, last_use[i]);
  }
  return cuts;
}

// Returns the words (between dots) that the names of all weighted nodes begin with. For a single
// node, returns its name.
std::string UnitName(const Graph& graph, const std::vector<int>& nodes) {
  std::string first, common;
  for (const int node : nodes) {
    const std::string& name = graph.nodes[node].name;
    if (!graph.nodes[node].weighted()) continue;
    if (first.empty()) {
      first = common = name;
      continue;
    }
    while (!common.empty() && !name.starts_with(common + "."))
      common.resize(common.find('.') == std::string::npos ? 0 : common.rfind('.'));
  }
  return common.empty() ? first : common;
}

// Makes the unit of all nodes between `from` (excluded) and `to`, in order.
Unit MakeUnit(const Graph& graph, Value from, int to) {
  const Subgraph part = Extract(graph, from, {to, 0});
  Unit unit{"", from, {to, 0}, {part.original.begin() + 1, part.original.end()}};
  unit.name = UnitName(graph, unit.nodes);
  return unit;
}

bool IsPointwise(const Node& node) {
  return node.op == Op::kConv2d && node.parameters.at("weight").size(2) == 1 &&
         node.parameters.at("weight").size(3) == 1 &&
         node.attributes.value("groups", int64_t{1}) == 1;
}

bool IsDepthwise(const Node& node) {
  if (node.op != Op::kConv2d) return false;
  const torch::Tensor& weight = node.parameters.at("weight");
  return weight.size(1) == 1 && node.attributes.value("groups", int64_t{1}) == weight.size(0);
}

// Returns the only reader of `node`, or −1.
int OnlyUser(const Graph& graph, int node) {
  const std::vector<int> users = graph.Users(node);
  return users.size() == 1 ? users[0] : -1;
}

// Returns the last node of the inverted bottleneck that begins at `node`, or −1.
int InvertedBottleneck(const Graph& graph, int node) {
  if (!IsPointwise(graph.nodes[node])) return -1;
  const int depthwise = OnlyUser(graph, EndOfChain(graph, node));
  if (depthwise < 0 || !IsDepthwise(graph.nodes[depthwise])) return -1;
  const int project = OnlyUser(graph, EndOfChain(graph, depthwise));
  if (project < 0 || !IsPointwise(graph.nodes[project])) return -1;
  const int end = EndOfChain(graph, project);
  return Describe(graph.nodes[end].op).activation ? -1 : end;
}

Unit LayerUnit(const Graph& graph, int node) {
  return MakeUnit(graph, graph.nodes[node].inputs.at(0), EndOfChain(graph, node));
}

std::vector<Unit> UnitsUpTo(const Graph& graph, const std::string& names) {
  std::vector<Unit> units;
  std::istringstream words(names);
  int from = 0;
  for (std::string name; words >> name;) {
    const int to = graph.Find(name);
    if (to < 0) Fail(ErrorKind::kUsage, "units: the network has no node '{}'", name);
    if (to <= from)
      Fail(ErrorKind::kUsage, "units: '{}' does not lie behind '{}'", name, graph.nodes[from].name);
    try {
      units.push_back(MakeUnit(graph, {from, 0}, to));
      // Names distinguish draws and curves.
      const bool taken = std::any_of(units.begin(), units.end() - 1, [&](const Unit& unit) {
        return unit.name == units.back().name;
      });
      if (taken || units.back().name.empty()) units.back().name = name;
    } catch (const Error& error) {
      Fail(ErrorKind::kUsage, "units: no unit can reach from '{}' to '{}': {}",
           graph.nodes[from].name, name, error.what());
    }
    from = to;
  }
  if (from != graph.output.node) {
    Fail(ErrorKind::kUsage, "units: the last one must end at the network's output '{}'",
         graph.nodes[graph.output.node].name);
  }
  return units;
}

std::vector<Unit> SplitLarge(const Graph& graph, const std::vector<Unit>& units, int64_t max_macs) {
  const std::map<int, int64_t> macs = CountMacs(graph);
  std::vector<Unit> split;
  for (const Unit& unit : units) {
    std::vector<int> weighted;
    int64_t total = 0;
    for (const int node : unit.nodes) {
      if (!graph.nodes[node].weighted()) continue;
      weighted.push_back(node);
      total += macs.at(node);
    }
    if (total <= max_macs) {
      split.push_back(unit);
    } else {
      for (const int node : weighted) split.push_back(LayerUnit(graph, node));
    }
  }
  return split;
}

}  // namespace

std::vector<int> UnitEnds(const Graph& graph) {
  std::vector<int> ends = Cuts(graph);
  ends.erase(ends.begin());  // the image
  return ends;
}

std::vector<Unit> BlockUnits(const Graph& graph) {
  const std::vector<int> cuts = Cuts(graph);
  std::vector<Unit> units;
  int done = 0;  // nodes up to here are in a unit or between units
  for (size_t i = 1; i < cuts.size(); ++i) {
    const int from = cuts[i - 1];
    const int to = cuts[i];
    if (from < done) continue;
    const bool several_paths = to > from + 1;
    if (!several_paths && !graph.nodes[to].weighted()) continue;
    const int bottleneck = several_paths ? -1 : InvertedBottleneck(graph, to);
    const int end = bottleneck >= 0 ? bottleneck : EndOfChain(graph, to);
    units.push_back(MakeUnit(graph, {from, 0}, end));
    done = end;
  }
  return units;
}

std::vector<Unit> LayerUnits(const Graph& graph) {
  std::vector<Unit> units;
  for (const int node : graph.Weighted()) units.push_back(LayerUnit(graph, node));
  return units;
}

std::vector<Unit> FindUnits(const Graph& graph, const std::string& rule, int64_t max_macs) {
  if (rule == "layers") return LayerUnits(graph);
  const std::vector<Unit> units = rule == "blocks" ? BlockUnits(graph) : UnitsUpTo(graph, rule);
  return max_macs > 0 ? SplitLarge(graph, units, max_macs) : units;
}

}  // namespace zerosweep
