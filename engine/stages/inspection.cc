#include "engine/stages/inspection.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "contract/declaration.h"
#include "engine/catalogue/protocol_fields.h"
#include "engine/export/onnx_export.h"
#include "engine/graph/executor.h"
#include "engine/graph/shapes.h"
#include "engine/graph/units.h"
#include "engine/import/network_file.h"
#include "engine/quant/network_facts.h"
#include "engine/quant/number_format.h"

namespace zerosweep {
namespace {

constexpr int kAnyBits = 8;  // whether a site exists does not depend on it

// Whether every map of that shape has more than one pixel.
bool HasPixels(const std::vector<int64_t>& shape) {
  return shape.size() == 3 && shape[1] * shape[2] > 1;
}

bool HasStride(const Node& node) {
  const auto stride = Pair(node, "stride", 1);
  return node.op == Op::kConv2d && std::max(stride[0], stride[1]) > 1;
}

int64_t CountOf(const Node& node) {
  int64_t count = 0;
  for (const auto& [name, tensor] : node.parameters)
    if (!name.starts_with("running_")) count += tensor.numel();
  return count;
}

// Whether a node reads the image itself, perhaps with a border.
bool ReadsImage(const Graph& graph, int node) {
  int source = graph.nodes[static_cast<size_t>(node)].inputs[0].node;
  for (;;) {
    const Node& from = graph.nodes[static_cast<size_t>(source)];
    if (from.op == Op::kInput) return true;
    if (!Describe(from.op).moves && from.op != Op::kPad) return false;
    source = from.inputs[0].node;
  }
}

// By placement, the weighted nodes whose input no site quantizes, other than the image itself.
Json UnquantizedInputs(const Graph& graph) {
  Json unquantized = Json::object();
  for (const char* placement : {"relu", "op_output", "op_input"}) {
    Json fields = Protocols().Defaults();
    fields["act_placement"] = placement;
    const auto sites = ActivationSites(graph, Protocol::FromJson(fields), kAnyBits);
    unquantized[placement] = Json::array();
    for (const int node : graph.Weighted()) {
      if (!ReadsImage(graph, node) && InputBits(graph, sites, node) == kPassThroughBits)
        unquantized[placement].push_back(graph.nodes[static_cast<size_t>(node)].name);
    }
  }
  return unquantized;
}

Json NodesOf(const Graph& graph, const Shapes& shapes, const std::map<int, int64_t>& macs) {
  std::map<int, std::string> unit_of;
  for (const Unit& unit : BlockUnits(graph))
    for (const int node : unit.nodes) unit_of[node] = unit.name;
  Json nodes = Json::array();
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    const Node& node = graph.nodes[static_cast<size_t>(i)];
    Json row = {{"name", node.name}, {"op", ToString(node.op)}, {"shape", shapes.at({i, 0})}};
    if (const int64_t count = CountOf(node); count > 0) row["parameters"] = count;
    if (macs.contains(i)) row["macs"] = macs.at(i);
    if (unit_of.contains(i)) row["unit"] = unit_of.at(i);
    if (node.weighted())
      for (const int user : graph.Users(i))
        if (const Node& next = graph.nodes[static_cast<size_t>(user)]; next.op == Op::kBatchNorm)
          row["batch_norm"] = next.name;
    nodes.push_back(std::move(row));
  }
  return nodes;
}

// Why the network cannot be written as ONNX; empty if it can.
std::string WhyNoOnnx(const Graph& graph) {
  Teacher teacher;
  teacher.graph = graph;
  try {
    ExportOnnx(ExportedNetwork(QuantizedNetwork(
                   teacher, {.w_bits = kPassThroughBits, .a_bits = kPassThroughBits})),
               {});
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// Images that differ: light and dark squares of 4, 8 and 16 pixels, and waves. Some networks, as
// detectors, answer 0 to what looks like nothing.
torch::Tensor ProbeImages(const std::vector<int64_t>& shape) {
  std::vector<torch::Tensor> images;
  for (int64_t side = 4; side <= 16; side *= 2) {
    const int64_t rows = (shape[1] + side - 1) / side, columns = (shape[2] + side - 1) / side;
    const torch::Tensor squares =
        torch::sin(torch::arange(shape[0] * rows * columns, torch::kFloat64) * 78.233)
            .sign()
            .reshape({shape[0], rows, columns})
            .repeat_interleave(side, 1)
            .repeat_interleave(side, 2)
            .slice(1, 0, shape[1])
            .slice(2, 0, shape[2]);
    const torch::Tensor waves =
        torch::sin(torch::arange(squares.numel(), torch::kFloat64) * 0.37).view_as(squares);
    images.push_back(1.5 * squares + 0.5 * waves);
  }
  return torch::stack(images);
}

// images.bin, outputs.bin and probe.json: images that differ, and what the network makes of them,
// in float32 or float64.
void WriteProbe(Graph graph, const std::filesystem::path& folder, torch::ScalarType type) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = ProbeImages(graph.input_shape).to(type);
  for (Node& node : graph.nodes)
    for (auto& [name, tensor] : node.parameters) tensor = tensor.to(type);
  const auto write = [&](const char* name, const torch::Tensor& tensor) {
    const torch::Tensor dense = tensor.contiguous();
    WriteFileDurably(folder / name, {static_cast<const char*>(dense.const_data_ptr()),
                                     static_cast<size_t>(dense.nbytes())});
  };
  write("images.bin", images);
  write("outputs.bin", Run(graph, images).flatten(1));
  WriteFileDurably(folder / "probe.json", Json{{"shape", images.sizes().vec()}}.dump());
}

// The facts of a network from a file, for images of the shape that it takes.
ModelFacts FactsOf(const ImportedNetwork& network, const Shapes& shapes,
                   const std::map<int, int64_t>& macs, const std::string& origin) {
  const Graph& graph = network.graph;
  if (graph.Weighted().empty())
    Fail(ErrorKind::kUsage, "{}: it has no convolution and no linear layer to quantize", origin);
  const std::vector<int64_t>& shape = graph.input_shape;
  const int64_t side = std::min(shape[1], shape[2]);
  ModelFacts facts{.input_shape = {shape[0], shape[1], shape[2]}, .min_side = side};
  facts.classes = ShapeOfOutput(network).at(0);
  for (const auto& [node, count] : macs) facts.macs += count;
  // The network takes no other side: beyond it is where its maps would have enough pixels.
  for (const Node& node : graph.nodes) {
    if (node.inputs.empty() || HasPixels(shapes.at(node.inputs[0]))) continue;
    if (node.op == Op::kBatchNorm) facts.map_side = side + 1;
    if (HasStride(node)) facts.stride_side = side + 1;
  }
  AddNetworkFacts(graph, facts);
  return facts;
}

}  // namespace

Json InspectNetwork(const Json& request) {
  // Two images: on a busy machine threads would wait for each other longer than one computes.
  at::set_num_threads(1);
  const std::string file = request.at("file");
  const ImportedNetwork network =
      ReadNetworkFile(file, request.value("input_shape", std::vector<int64_t>{}));
  if (request.contains("probe"))
    WriteProbe(network.graph, request.at("probe").get<std::string>(),
               request.value("float64", false) ? torch::kFloat64 : torch::kFloat32);
  const Shapes shapes = ShapesOf(network.graph);
  const std::map<int, int64_t> macs = CountMacs(network.graph, shapes);
  Json outputs = Json::array();
  for (const auto& [name, shape] : network.outputs)
    outputs.push_back({{"name", name}, {"shape", shape}});
  return {{"format", network.format},
          {"facts", ToJson(FactsOf(network, shapes, macs, file))},
          {"outputs", std::move(outputs)},
          {"nodes", NodesOf(network.graph, shapes, macs)},
          {"unquantized", UnquantizedInputs(network.graph)},
          {"no_onnx", WhyNoOnnx(network.graph)},
          {"notes", network.notes}};
}

}  // namespace zerosweep
