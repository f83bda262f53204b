#include "engine/graph/structure.h"

#include <utility>
#include <vector>

#include "base/error.h"

namespace zerosweep {
namespace {

Json ToJson(const Value& value) { return Json::array({value.node, value.output}); }

Value ValueOf(const Json& json) { return {json.at(0).get<int>(), json.at(1).get<int>()}; }

Node NodeOf(const Json& json, const std::map<std::string, torch::Tensor>& state,
            const std::string& origin) {
  Node node{.name = json.at("name")};
  const std::string& op = json.at("op").get_ref<const std::string&>();
  const Operator* described = FindOperator(op);
  if (described == nullptr)
    Fail(ErrorKind::kUsage, "{}: this version has no operator '{}' ('{}')", origin, op, node.name);
  node.op = described->op;
  for (const Json& input : json.value("inputs", Json::array()))
    node.inputs.push_back(ValueOf(input));
  node.attributes = json.value("attributes", Json::object());
  for (const std::string name : json.value("parameters", Json::array())) {
    const auto found = state.find(node.name + "." + name);
    if (found == state.end())
      Fail(ErrorKind::kUsage, "{}: '{}.{}' is missing", origin, node.name, name);
    node.parameters[name] = found->second;
  }
  return node;
}

}  // namespace

Json StructureOf(const Graph& graph) {
  Json nodes = Json::array();
  for (const Node& node : graph.nodes) {
    Json json = {{"name", node.name}, {"op", ToString(node.op)}};
    for (const Value& input : node.inputs) json["inputs"].push_back(ToJson(input));
    if (!node.attributes.empty()) json["attributes"] = node.attributes;
    for (const auto& [name, tensor] : node.parameters) json["parameters"].push_back(name);
    nodes.push_back(std::move(json));
  }
  return {{"input_shape", graph.input_shape},
          {"nodes", std::move(nodes)},
          {"output", ToJson(graph.output)}};
}

Graph GraphOf(const Json& structure, const std::map<std::string, torch::Tensor>& state,
              const std::string& origin) {
  try {
    Graph graph;
    graph.input_shape = structure.at("input_shape").get<std::vector<int64_t>>();
    for (const Json& node : structure.at("nodes")) graph.Append(NodeOf(node, state, origin));
    graph.output = ValueOf(structure.at("output"));
    graph.Check();
    return graph;
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kUsage, "{}: the network's structure is damaged: {}", origin, error.what());
  }
}

}  // namespace zerosweep
