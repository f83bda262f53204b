#include "engine/graph/executor.h"

#include <torch/types.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/graph/convolution.h"
#include "engine/kernels/maps.h"

namespace zerosweep {
namespace {

constexpr double kBatchNormMomentum = 0.1;  // Ioffe & Szegedy 2015; PyTorch's default

bool Trained(const Node& norm) {
  const auto trained = [](const torch::Tensor& of) { return of.defined() && of.requires_grad(); };
  return trained(Parameter(norm, "weight")) || trained(Parameter(norm, "bias"));
}

Activation ActivationOf(Op op) {
  if (op == Op::kRelu) return Activation::kRelu;
  return op == Op::kRelu6 ? Activation::kRelu6 : Activation::kNone;
}

// A batch norm, or its sum with another tensor, that its only reader computes with its own
// operator.
struct PendingNorm {
  int node = -1;  // the batch norm
  torch::Tensor x, residual;
};

ConvolutionShape ShapeOf(const Node& convolution) {
  return {.stride = Pair(convolution, "stride", 1),
          .padding = Pair(convolution, "padding", 0),
          .dilation = Pair(convolution, "dilation", 1),
          .groups = convolution.attributes.value("groups", int64_t{1})};
}

// Behind a linear layer a channel has one value.
torch::Tensor Maps(torch::Tensor x) {
  return x.dim() == 2 ? x.unflatten(1, {-1, 1, 1}) : std::move(x);
}

bool HasParts(const Node& node) { return node.op == Op::kChunk || node.op == Op::kSplit; }

// The outputs of a node that has several.
std::vector<torch::Tensor> PartsOf(const Node& node, const torch::Tensor& x) {
  if (node.op == Op::kSplit)
    return x.split_with_sizes(node.attributes.at("sizes").get<std::vector<int64_t>>(),
                              node.attributes.at("dim").get<int64_t>());
  const int count = node.output_count();
  if (x.size(1) % count != 0)
    Fail(ErrorKind::kInternal, "'{}' splits {} channels into {} parts", node.name, x.size(1),
         count);
  return x.chunk(count, 1);
}

class Execution {
 public:
  Execution(const Graph& graph, const ForwardHooks& hooks, BatchNormMode mode)
      : graph_(graph), hooks_(hooks), mode_(mode), deferred_(graph.nodes.size()) {
    for (const Node& node : graph.nodes) {
      first_slot_.push_back(values_.size());
      values_.resize(values_.size() + static_cast<size_t>(node.output_count()));
    }
    last_use_.assign(values_.size(), -1);
    uses_.assign(values_.size(), 0);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const Value& input : graph.nodes[i].inputs) {
        last_use_[Slot(input)] = static_cast<int>(i);
        ++uses_[Slot(input)];
      }
    }
    last_use_[Slot(graph.output)] = static_cast<int>(graph.nodes.size());
    ++uses_[Slot(graph.output)];
    if (!hooks.on_input && mode == BatchNormMode::kFrozen) FindDeferred();
  }

  torch::Tensor Run(const torch::Tensor& x) {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const int index = static_cast<int>(i);
      const Node& node = graph_.nodes[i];
      if (HasParts(node)) {
        StoreParts(index, TakeInputs(index).front());
      } else if (const auto compute = hooks_.compute.find(index); compute != hooks_.compute.end()) {
        std::vector<torch::Tensor> inputs = TakeInputs(index);
        Store({index, 0}, compute->second(inputs), GridOf({index, 0}));
      } else if (std::optional<PendingNorm> norm = TakeNorm(index); norm && deferred_[i]) {
        pending_[index] = std::move(*norm);
      } else {
        // Named first: the operator's inputs are gone before a hook sees the output.
        const FakeGrid* grid = GridOf({index, 0});
        torch::Tensor output = norm                    ? Finish(std::move(*norm), node, grid)
                               : node.op == Op::kInput ? x
                                                       : Apply(index, TakeInputs(index));
        Store({index, 0}, std::move(output), norm ? nullptr : grid);
      }
    }
    return values_[Slot(graph_.output)];
  }

 private:
  size_t Slot(const Value& value) const {
    return first_slot_[static_cast<size_t>(value.node)] + static_cast<size_t>(value.output);
  }

  // Returns the grid that an output is to be put on, or null.
  const FakeGrid* GridOf(const Value& value) const {
    const auto found = hooks_.fake_quantize.find(value);
    return found == hooks_.fake_quantize.end() ? nullptr : &found->second;
  }

  bool Hooked(const Value& value) const {
    return hooks_.replace_output.contains(value) || hooks_.fake_quantize.contains(value);
  }

  // Keeps an output, after the hooks, while it is needed. `grid`: null, or still to be put on.
  void Store(const Value& value, torch::Tensor tensor, const FakeGrid* grid) {
    if (const auto replace = hooks_.replace_output.find(value);
        replace != hooks_.replace_output.end())
      tensor = Same(value.node, "output", tensor, replace->second(tensor));
    if (grid != nullptr) {
      const bool overwrite = Unshared(tensor);
      tensor = FakeQuantizeTensor(Dense(tensor), *grid, overwrite);
    }
    if (last_use_[Slot(value)] >= 0) values_[Slot(value)] = std::move(tensor);
  }

  // Marks the nodes whose output nothing but the next node's operator sees: a batch norm before an
  // activation or an addition, and such an addition before an activation. No other batch norm may
  // come in between, so that on_moments keeps the order.
  void FindDeferred() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (ActivationOf(node.op) == Activation::kNone && node.op != Op::kAdd) continue;
      if (hooks_.compute.contains(static_cast<int>(i))) continue;
      // Of two batch norms under an addition, the later one: the other comes before it.
      int last = -1;
      for (const Value& input : node.inputs)
        if (Fusible(input.node, node.op)) last = std::max(last, input.node);
      const auto at = std::find(node.inputs.begin(), node.inputs.end(), Value{last, 0});
      const int index = static_cast<int>(at - node.inputs.begin());
      if (last < 0 || uses_[Slot(*at)] != 1 || Hooked(*at) ||
          hooks_.replace_input.contains({static_cast<int>(i), index}))
        continue;
      const auto norm = [](const Node& between) { return between.op == Op::kBatchNorm; };
      deferred_[static_cast<size_t>(last)] = std::none_of(
          graph_.nodes.begin() + last + 1, graph_.nodes.begin() + static_cast<int>(i), norm);
    }
  }

  // Whether the node is a frozen batch norm, or, before an activation, a sum with a deferred one.
  bool Fusible(int index, Op reader) const {
    const Node& node = graph_.nodes[index];
    if (hooks_.compute.contains(index)) return false;
    if (node.op == Op::kBatchNorm) return !Trained(node);
    return node.op == Op::kAdd && reader != Op::kAdd &&
           std::any_of(node.inputs.begin(), node.inputs.end(), [&](const Value& input) {
             return deferred_[static_cast<size_t>(input.node)];
           });
  }

  // Returns the batch norm that the node computes, alone or with its own operator, if any.
  std::optional<PendingNorm> TakeNorm(int index) {
    const Node& node = graph_.nodes[index];
    if (node.op == Op::kBatchNorm && mode_ == BatchNormMode::kFrozen && !Trained(node))
      return PendingNorm{index, std::move(TakeInputs(index).front()), {}};
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto found = pending_.find(node.inputs[i].node);
      if (found == pending_.end()) continue;
      PendingNorm norm = std::move(found->second);
      pending_.erase(found);
      if (node.op == Op::kAdd) norm.residual = std::move(TakeInputs(index)[1 - i]);
      return norm;
    }
    return std::nullopt;
  }

  torch::Tensor Finish(PendingNorm pending, const Node& node, const FakeGrid* grid) const {
    const Node& norm = graph_.nodes[static_cast<size_t>(pending.node)];
    const bool vectors = pending.x.dim() == 2;
    pending.x = Maps(std::move(pending.x));
    if (pending.residual.defined()) pending.residual = Maps(std::move(pending.residual));
    NormResult result = Normalise({.weight = Parameter(norm, "weight"),
                                   .bias = Parameter(norm, "bias"),
                                   .mean = Parameter(norm, "running_mean"),
                                   .variance = Parameter(norm, "running_var"),
                                   .epsilon = norm.attributes.at("eps").get<double>(),
                                   .activation = ActivationOf(node.op),
                                   .grid = grid},
                                  pending.x, pending.residual, static_cast<bool>(hooks_.on_moments),
                                  /*overwrite=*/Unshared(pending.x));
    if (hooks_.on_moments) hooks_.on_moments(pending.node, result.moments);
    return vectors ? result.y.flatten(1) : std::move(result.y);
  }

  void StoreParts(int index, const torch::Tensor& x) {
    std::vector<torch::Tensor> parts = PartsOf(graph_.nodes[index], x);
    for (int i = 0; i < static_cast<int>(parts.size()); ++i)
      Store({index, i}, std::move(parts[static_cast<size_t>(i)]), GridOf({index, i}));
  }

  // Returns the replacement, checked to have the shape of the original.
  torch::Tensor Same(int index, const char* what, const torch::Tensor& original,
                     torch::Tensor replacement) const {
    if (replacement.sizes() != original.sizes()) {
      Fail(ErrorKind::kInternal, "a hook replaced the {} of '{}' by a tensor of another shape",
           what, graph_.nodes[index].name);
    }
    return replacement;
  }

  // Returns the inputs of a node, after the hooks. A value leaves the table with its last user,
  // which frees its memory or lets the operator overwrite it.
  std::vector<torch::Tensor> TakeInputs(int index) {
    const std::vector<Value>& wanted = graph_.nodes[index].inputs;
    std::vector<torch::Tensor> inputs;
    for (const Value& value : wanted) inputs.push_back(values_[Slot(value)]);
    for (const Value& value : wanted) {
      if (last_use_[Slot(value)] == index) values_[Slot(value)] = torch::Tensor();
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (const auto replace = hooks_.replace_input.find({index, static_cast<int>(i)});
          replace != hooks_.replace_input.end())
        inputs[i] = Same(index, "input", inputs[i], replace->second(inputs[i]));
      if (hooks_.on_input) hooks_.on_input(index, inputs[i]);
    }
    return inputs;
  }

  torch::Tensor Weight(int index) const {
    const torch::Tensor& weight = graph_.nodes[index].parameters.at("weight");
    if (!hooks_.replace_weight) return weight;
    return Same(index, "weight", weight, hooks_.replace_weight(index, weight));
  }

  torch::Tensor ConvolveNode(int index, const torch::Tensor& x) const {
    const Node& node = graph_.nodes[index];
    if (const auto columns = hooks_.replace_columns.find(index);
        columns != hooks_.replace_columns.end())
      return ConvolveColumns(index, x, columns->second);
    return Convolve(x, Weight(index), Parameter(node, "bias"), ShapeOf(node), graph_.precision);
  }

  torch::Tensor ConvolveColumns(int index, const torch::Tensor& x,
                                const ForwardHooks::Replace& replace) const {
    const Node& node = graph_.nodes[index];
    const torch::Tensor weight = Weight(index), bias = Parameter(node, "bias");
    const auto kernel = weight.sizes().slice(2);
    const auto padding = Pair(node, "padding", 0), dilation = Pair(node, "dilation", 1),
               stride = Pair(node, "stride", 1);
    torch::Tensor columns = torch::im2col(x, kernel, dilation, padding, stride);
    columns = Same(index, "columns", columns, replace(columns));
    const int64_t groups = node.attributes.value("groups", int64_t{1}), outputs = weight.size(0);
    // groups × (outputs per group × rows per group), times N × groups × rows per group × positions
    torch::Tensor y = torch::matmul(weight.reshape({groups, outputs / groups, -1}),
                                    columns.unflatten(1, {groups, columns.size(1) / groups}));
    const int64_t height =
        (x.size(2) + 2 * padding[0] - dilation[0] * (kernel[0] - 1) - 1) / stride[0] + 1;
    y = y.reshape({x.size(0), outputs, height, -1});
    return bias.defined() ? y + bias.view({-1, 1, 1}) : y;
  }

  // With the gradients of its own weight and bias.
  torch::Tensor TrainedNorm(int index, const torch::Tensor& x) const {
    const Node& node = graph_.nodes[index];
    if (hooks_.on_moments) hooks_.on_moments(index, MomentsByImage(Maps(x)));
    return torch::batch_norm(x, Parameter(node, "weight"), Parameter(node, "bias"),
                             Parameter(node, "running_mean"), Parameter(node, "running_var"),
                             mode_ == BatchNormMode::kTrain, kBatchNormMomentum,
                             node.attributes.at("eps").get<double>(), /*cudnn_enabled=*/true);
  }

  torch::Tensor Apply(int index, std::vector<torch::Tensor> inputs) const {
    const Node& node = graph_.nodes[index];
    torch::Tensor& x = inputs.front();
    switch (node.op) {
      case Op::kConv2d:
        return ConvolveNode(index, x);
      case Op::kLinear:
        if (const auto columns = hooks_.replace_columns.find(index);
            columns != hooks_.replace_columns.end())
          x = Same(index, "columns", x, columns->second(x));
        return torch::linear(x, Weight(index), Parameter(node, "bias"));
      case Op::kBatchNorm:
        return TrainedNorm(index, x);
      default:
        return Describe(node.op).compute(node, inputs);
    }
  }

  const Graph& graph_;
  const ForwardHooks& hooks_;
  BatchNormMode mode_;
  std::vector<size_t> first_slot_;      // node index → slot of its first output
  std::vector<torch::Tensor> values_;   // by slot, while still needed
  std::vector<int> last_use_;           // by slot
  std::vector<int> uses_;               // by slot
  std::vector<bool> deferred_;          // by node: computed by its only reader
  std::map<int, PendingNorm> pending_;  // by deferred node
};

}  // namespace

torch::Tensor Run(const Graph& graph, const torch::Tensor& x, const ForwardHooks& hooks,
                  BatchNormMode mode) {
  const bool fits = x.dim() == 4 && x.sizes().slice(1) == torch::IntArrayRef(graph.input_shape);
  if (!graph.input_shape.empty() && !fits) {
    Fail(ErrorKind::kUsage,
         "the network takes images of {} × {} × {}, but was given a tensor of {}",
         graph.input_shape[0], graph.input_shape[1], graph.input_shape[2], c10::str(x.sizes()));
  }
  return Execution(graph, hooks, mode).Run(x);
}

std::vector<torch::Tensor> Compute(const Node& node, std::vector<torch::Tensor> inputs) {
  const torch::Tensor& x = inputs.at(0);
  const torch::Tensor bias = Parameter(node, "bias");
  switch (node.op) {
    case Op::kConv2d:
      return {Convolve(x, node.parameters.at("weight"), bias, ShapeOf(node), Precision::kFloat32)};
    case Op::kLinear:
      return {torch::linear(x, node.parameters.at("weight"), bias)};
    case Op::kBatchNorm:
      return {torch::batch_norm(x, Parameter(node, "weight"), bias, Parameter(node, "running_mean"),
                                Parameter(node, "running_var"), /*training=*/false,
                                kBatchNormMomentum, node.attributes.at("eps").get<double>(),
                                /*cudnn_enabled=*/true)};
    default:
      if (HasParts(node)) return PartsOf(node, x);
      return {Describe(node.op).compute(node, inputs)};
  }
}

}  // namespace zerosweep
