#include "engine/models/builder.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <utility>

#include "engine/random/streams.h"

namespace zerosweep {
namespace {

// Draws in the order of the elements, on the CPU; the tensor may be on any device.
template <typename Draw>
void Fill(torch::Tensor& tensor, const Draw& draw) {
  const torch::Tensor drawn = torch::empty(tensor.sizes(), torch::kFloat32);
  float* values = drawn.data_ptr<float>();
  for (int64_t i = 0; i < drawn.numel(); ++i) values[i] = draw();
  tensor.copy_(drawn);
}

Json ToJson(const Extent& extent) {
  if (extent.vertical == extent.horizontal) return extent.vertical;
  return {extent.vertical, extent.horizontal};
}

void FillNormal(torch::Tensor& tensor, double deviation, RandomSequence draws) {
  Fill(tensor, [&] { return static_cast<float>(deviation) * draws.Normal(); });
}

// Uniform in [−bound, bound).
void FillUniform(torch::Tensor& tensor, double bound, RandomSequence draws) {
  Fill(tensor, [&] { return static_cast<float>(bound) * (2 * draws.Uniform() - 1); });
}

void InitialiseWeighted(Node& node, const RandomStreams& streams, uint64_t index) {
  torch::Tensor& weight = node.parameters.at("weight");
  const int64_t fan_in = weight.numel() / weight.size(0);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  if (node.op == Op::kConv2d) {
    const auto groups = node.attributes.value("groups", int64_t{1});
    const int64_t fan_out = weight.numel() / weight.size(1) / groups;
    FillNormal(weight, std::sqrt(2.0 / static_cast<double>(fan_out)),
               streams.Shared(index, "init_weight"));
  } else {
    FillUniform(weight, bound, streams.Shared(index, "init_weight"));
  }
  if (node.parameters.contains("bias")) {
    FillUniform(node.parameters.at("bias"), bound, streams.Shared(index, "init_bias"));
  }
}

}  // namespace

ConvShape Depthwise(int64_t channels, int64_t kernel, int64_t stride) {
  return {.in = channels,
          .out = channels,
          .kernel = kernel,
          .stride = stride,
          .padding = kernel / 2,
          .groups = channels};
}

ConvShape Halving3x3(int64_t in, int64_t out) {
  return {.in = in, .out = out, .kernel = 3, .stride = 2, .padding = 1};
}

ConvNames NumberedNames(const std::string& prefix, int first) {
  const auto name = [&](int place) { return fmt::format("{}.{}", prefix, first + place); };
  return {name(0), name(1), name(2)};
}

ConvNames PytorchcvNames(const std::string& block) {
  return {block + ".conv", block + ".bn", block + ".activ"};
}

GraphBuilder::GraphBuilder(std::vector<int64_t> input_shape) {
  graph_.input_shape = std::move(input_shape);
  Apply("input", Op::kInput, {});
}

// Weights stay uninitialised: the catalogue builds every network for its facts and would otherwise
// write gigabytes of zeros.
Value GraphBuilder::Conv(const std::string& name, Value x, const ConvShape& shape) {
  const Json attributes = {{"stride", shape.stride},
                           {"padding", ToJson(shape.padding)},
                           {"dilation", 1},
                           {"groups", shape.groups}};
  std::map<std::string, torch::Tensor> parameters = {
      {"weight", torch::empty({shape.out, shape.in / shape.groups, shape.kernel.vertical,
                               shape.kernel.horizontal})}};
  if (shape.bias) parameters["bias"] = torch::zeros({shape.out});
  return Append({name, Op::kConv2d, {x}, attributes, std::move(parameters)});
}

Value GraphBuilder::BatchNorm(const std::string& name, Value x, int64_t channels, double eps) {
  return Append({name,
                 Op::kBatchNorm,
                 {x},
                 {{"eps", eps}},
                 {{"weight", torch::ones({channels})},
                  {"bias", torch::zeros({channels})},
                  {"running_mean", torch::zeros({channels})},
                  {"running_var", torch::ones({channels})}}});
}

Value GraphBuilder::ConvNorm(const ConvNames& names, Value x, const ConvShape& shape) {
  return BatchNorm(names.norm, Conv(names.conv, x, shape), shape.out);
}

Value GraphBuilder::ConvNormRelu(const ConvNames& names, Value x, const ConvShape& shape, Op relu) {
  return Apply(names.activation, relu, {ConvNorm(names, x, shape)});
}

Value GraphBuilder::Linear(const std::string& name, Value x, int64_t in, int64_t out) {
  return Append({name,
                 Op::kLinear,
                 {x},
                 Json::object(),
                 {{"weight", torch::empty({out, in})}, {"bias", torch::zeros({out})}}});
}

Value GraphBuilder::Apply(const std::string& name, Op op, std::vector<Value> inputs,
                          Json attributes) {
  return Append({name, op, std::move(inputs), std::move(attributes), {}});
}

std::vector<Value> GraphBuilder::Chunk(const std::string& name, Value x, int parts) {
  const int node = Apply(name, Op::kChunk, {x}, {{"chunks", parts}}).node;
  std::vector<Value> values;
  for (int i = 0; i < parts; ++i) values.push_back({node, i});
  return values;
}

Value GraphBuilder::Head(const std::string& pool, const std::string& linear, Value x, int64_t in,
                         int64_t out) {
  x = Apply(pool, Op::kGlobalAvgPool, {x});
  x = Apply("flatten", Op::kFlatten, {x});
  return Linear(linear, x, in, out);
}

Value GraphBuilder::Append(Node node) { return {graph_.Append(std::move(node)), 0}; }

Graph GraphBuilder::Finish(Value output) {
  graph_.output = output;
  return std::move(graph_);
}

void InitialiseParameters(Graph& graph, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const RandomStreams streams(seed);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    if (node.weighted()) {
      InitialiseWeighted(node, streams, i);
    } else if (node.op == Op::kBatchNorm) {
      node.parameters.at("weight").fill_(1);
      node.parameters.at("bias").zero_();
      node.parameters.at("running_mean").zero_();
      node.parameters.at("running_var").fill_(1);
    }
  }
}

}  // namespace zerosweep
