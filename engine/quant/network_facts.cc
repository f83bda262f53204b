#include "engine/quant/network_facts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/catalogue/protocol_fields.h"

namespace zerosweep {
namespace {

constexpr int kSomeBits = 4;  // where quantizers stand does not depend on it

// The default protocol with one field changed, and another.
Protocol ProtocolWith(const std::string& act_placement, const std::string& shortcut) {
  const Json protocol = ProtocolFields();
  Json fields = Json::object();
  for (const Json& field : protocol.at("fields"))
    fields[field.at("name").get<std::string>()] = field.at("default");
  fields["act_placement"] = act_placement;
  fields["shortcut"] = shortcut;
  return Protocol::FromJson(fields);
}

Json ChoicesOf(const std::string& field) {
  const Json protocol = ProtocolFields();
  for (const Json& entry : protocol.at("fields"))
    if (entry.at("name") == field) return entry.at("choices");
  return Json::array();
}

bool HoldsAnyOf(const Unit& unit, const std::vector<int>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [&](int node) {
    return std::find(unit.nodes.begin(), unit.nodes.end(), node) != unit.nodes.end();
  });
}

// In front of operators a unit has its input as it is, whatever reads it.
Json ShortcutsApart(const Graph& graph) {
  const std::vector<Unit> units = BlockUnits(graph);
  Json apart = Json::object();
  for (const char* placement : {"relu", "op_output"}) {
    apart[placement] = Json::array();
    for (const Json& shortcut : ChoicesOf("shortcut"))
      if (UnitWithShortcutApart(
              units, ActSites(graph, ProtocolWith(placement, shortcut), kSomeBits)) != nullptr)
        apart[placement].push_back(shortcut);
  }
  return apart;
}

// Of every node, whether its values can fall below 0.
std::vector<bool> CanBeNegative(const Graph& graph) {
  std::vector<bool> negative;
  for (const Node& node : graph.nodes) {
    const bool keeps_signs = !node.weighted() && node.op != Op::kBatchNorm && node.op != Op::kInput;
    const bool of_inputs = std::any_of(node.inputs.begin(), node.inputs.end(), [&](Value input) {
      return negative[static_cast<size_t>(input.node)];
    });
    negative.push_back(!IsActivation(node) && (!keeps_signs || of_inputs));
  }
  return negative;
}

Json SignedPlacements(const Graph& graph) {
  const std::vector<bool> negative = CanBeNegative(graph);
  Json placements = Json::array();
  for (const Json& placement : ChoicesOf("act_placement")) {
    const std::vector<ActSite> sites =
        ActSites(graph, ProtocolWith(placement, "shared"), kSomeBits);
    if (std::any_of(sites.begin(), sites.end(),
                    [&](const ActSite& site) { return negative[static_cast<size_t>(site.node)]; }))
      placements.push_back(placement);
  }
  return placements;
}

}  // namespace

const Unit* UnitWithShortcutApart(const std::vector<Unit>& units,
                                  const std::vector<ActSite>& sites) {
  for (const ActSite& site : sites) {
    for (const Unit& unit : units)
      if (unit.input == site.value() && HoldsAnyOf(unit, site.exempt)) return &unit;
  }
  return nullptr;
}

Json NetworkFacts(const Graph& graph) {
  const std::vector<int> weighted = graph.Weighted();
  const Node& classifier = graph.nodes[static_cast<size_t>(weighted.back())];
  const int second = weighted.size() > 1 ? weighted[1] : graph.output.node + 1;
  Json ends = Json::array(), stem_ends = Json::array();
  for (const int end : UnitEnds(graph)) {
    const std::string& name = graph.nodes[static_cast<size_t>(end)].name;
    ends.push_back(name);
    if (end >= weighted.front() && end < second) stem_ends.push_back(name);
  }
  return {{"batch_norms", graph.BatchNorms().size()},
          {"features", classifier.parameters.at("weight").size(1)},
          {"shortcuts", ShortcutsApart(graph)},
          {"signed", SignedPlacements(graph)},
          {"unit_ends", ends},
          {"stem_ends", stem_ends}};
}

}  // namespace zerosweep
