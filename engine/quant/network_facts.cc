#include "engine/quant/network_facts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/catalogue/protocol_fields.h"

namespace zerosweep {
namespace {

constexpr int kSomeBits = 4;  // the sites do not depend on it

// The default protocol with these two fields changed.
Protocol ProtocolWith(const std::string& act_placement, const std::string& shortcut) {
  Json fields = Protocols().Defaults();
  fields["act_placement"] = act_placement;
  fields["shortcut"] = shortcut;
  return Protocol::FromJson(fields);
}

const std::vector<std::string>& ChoicesOf(const std::string& field) {
  const auto& fields = Protocols().fields;
  return std::find_if(fields.begin(), fields.end(),
                      [&](const ProtocolField& entry) { return entry.param.name == field; })
      ->param.choices;
}

bool HoldsAnyOf(const Unit& unit, const std::vector<int>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [&](int node) {
    return std::find(unit.nodes.begin(), unit.nodes.end(), node) != unit.nodes.end();
  });
}

// kOpInput is left out: there a unit always reads its input unquantized, whatever the reader.
std::map<std::string, std::vector<std::string>> ShortcutsApart(const Graph& graph) {
  const std::vector<Unit> units = BlockUnits(graph);
  std::map<std::string, std::vector<std::string>> apart;
  for (const char* placement : {"relu", "op_output"}) {
    apart[placement] = {};
    for (const std::string& shortcut : ChoicesOf("shortcut"))
      if (UnitWithShortcutApart(units, ActivationSites(graph, ProtocolWith(placement, shortcut),
                                                       kSomeBits)) != nullptr)
        apart[placement].push_back(shortcut);
  }
  return apart;
}

// For every node, whether its values can fall below 0.
std::vector<bool> CanBeNegative(const Graph& graph) {
  std::vector<bool> negative;
  for (const Node& node : graph.nodes) {
    const Signs signs = Describe(node.op).signs;
    const bool of_inputs = std::any_of(node.inputs.begin(), node.inputs.end(),
                                       [&](Value input) { return negative[input.node]; });
    negative.push_back(signs == Signs::kAny || (signs == Signs::kKept && of_inputs));
  }
  return negative;
}

std::vector<std::string> SignedPlacements(const Graph& graph) {
  const std::vector<bool> negative = CanBeNegative(graph);
  std::vector<std::string> placements;
  for (const std::string& placement : ChoicesOf("act_placement")) {
    const std::vector<ActivationSite> sites =
        ActivationSites(graph, ProtocolWith(placement, "shared"), kSomeBits);
    if (std::any_of(sites.begin(), sites.end(),
                    [&](const ActivationSite& site) { return negative[site.node]; }))
      placements.push_back(placement);
  }
  return placements;
}

}  // namespace

const Unit* UnitWithShortcutApart(const std::vector<Unit>& units,
                                  const std::vector<ActivationSite>& sites) {
  for (const ActivationSite& site : sites) {
    for (const Unit& unit : units)
      if (unit.input == site.value() && HoldsAnyOf(unit, site.exempt)) return &unit;
  }
  return nullptr;
}

void AddNetworkFacts(const Graph& graph, ModelFacts& facts) {
  const std::vector<int> weighted = graph.Weighted();
  const Node& classifier = graph.nodes[weighted.back()];
  const int second = weighted.size() > 1 ? weighted[1] : graph.output.node + 1;
  facts.weighted.clear();
  for (const int node : weighted) facts.weighted.push_back(graph.nodes[node].name);
  facts.unit_ends.clear();
  facts.stem_ends.clear();
  for (const int end : UnitEnds(graph)) {
    const std::string& name = graph.nodes[end].name;
    facts.unit_ends.push_back(name);
    if (end >= weighted.front() && end < second) facts.stem_ends.push_back(name);
  }
  facts.parameters = graph.ParameterCount();
  facts.batch_norms = static_cast<int64_t>(graph.BatchNorms().size());
  facts.features = classifier.parameters.at("weight").size(1);
  facts.shortcuts = ShortcutsApart(graph);
  facts.signed_placements = SignedPlacements(graph);
}

}  // namespace zerosweep
