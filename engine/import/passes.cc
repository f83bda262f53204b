#include "engine/import/passes.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace zerosweep {
namespace {

constexpr double kTolerance = 1e-4;  // of a constant that exporters write in float16 or rounded

bool Near(double value, double wanted) {
  return std::abs(value - wanted) <= kTolerance * std::abs(wanted);
}

// Rewrites nodes in place. What a rewritten node no longer needs is removed at the end.
class Joiner {
 public:
  explicit Joiner(Graph graph) : graph_(std::move(graph)) { CountReaders(); }

  Graph Run() {
    // Biases last: what a hard sigmoid adds is none.
    for (const bool biases : {false, true}) {
      for (int i = 1; i < static_cast<int>(graph_.nodes.size()); ++i) {
        if ((At(i).op == Op::kOffset) != biases || !JoinAt(i)) continue;
        CountReaders();
      }
    }
    return WithoutUnread();
  }

 private:
  const Node& NodeOf(Value value) const { return graph_.nodes[static_cast<size_t>(value.node)]; }
  Node& At(int node) { return graph_.nodes[static_cast<size_t>(node)]; }
  bool ReadOnce(Value value) const { return readers_[static_cast<size_t>(value.node)] == 1; }

  void CountReaders() {
    readers_.assign(graph_.nodes.size(), 0);
    for (const Node& node : graph_.nodes)
      for (const Value& input : node.inputs) ++readers_[static_cast<size_t>(input.node)];
    ++readers_[static_cast<size_t>(graph_.output.node)];
  }

  // The constant of a kOffset or kScale that is one number.
  std::optional<double> NumberOf(const Node& node) const {
    const torch::Tensor other = Parameter(node, "other");
    if (!other.defined() || other.numel() != 1) return std::nullopt;
    return other.item<double>();
  }

  // Whether `value` is that operator; with a number, that of its constant.
  bool Is(Value value, Op op, std::optional<double> number = {}) const {
    const Node& node = NodeOf(value);
    if (node.op != op || value.output != 0) return false;
    if (!number) return true;
    const auto found = NumberOf(node);
    return found && Near(*found, *number);
  }

  Value InputOf(Value value) const { return NodeOf(value).inputs.at(0); }

  // Whether value = min(max(x + 3, 0), 6).
  bool IsShiftedRelu6(Value value, Value x) const {
    return Is(value, Op::kRelu6) && Is(InputOf(value), Op::kOffset, 3) &&
           InputOf(InputOf(value)) == x;
  }

  bool IsHardSigmoid(Value value, Value x) const {
    if (!Is(value, Op::kHardSigmoid) || InputOf(value) != x) return false;
    const Json& attributes = NodeOf(value).attributes;
    return Near(attributes.at("slope"), 1.0 / 6) && Near(attributes.at("offset"), 0.5);
  }

  // Whether value = 1 + erf(x / √2).
  bool IsErfTerm(Value value, Value x) const {
    if (!Is(value, Op::kOffset, 1) || !Is(InputOf(value), Op::kErf)) return false;
    const Value scaled = InputOf(InputOf(value));
    return Is(scaled, Op::kScale, std::sqrt(0.5)) && InputOf(scaled) == x;
  }

  // Becomes an operator of one input without parameters.
  bool Become(int node, Op op, Value x, Json attributes = Json::object()) {
    Node& changed = At(node);
    changed.op = op;
    changed.inputs = {x};
    changed.attributes = std::move(attributes);
    changed.parameters.clear();
    return true;
  }

  // x · other, with `other` computed from x.
  bool JoinProduct(int node, Value x, Value other) {
    if (Is(other, Op::kSigmoid) && InputOf(other) == x) return Become(node, Op::kSilu, x);
    if (IsHardSigmoid(other, x)) return Become(node, Op::kHardSwish, x);
    if (Is(other, Op::kTanh) && Is(InputOf(other), Op::kSoftplus) && InputOf(InputOf(other)) == x)
      return Become(node, Op::kMish, x);
    const Json exact = {{"tanh", false}};
    if (Is(other, Op::kScale, 0.5) && IsErfTerm(InputOf(other), x))
      return Become(node, Op::kGelu, x, exact);
    if (Is(x, Op::kScale, 0.5) && IsErfTerm(other, InputOf(x)))
      return Become(node, Op::kGelu, InputOf(x), exact);
    return false;
  }

  // A multiple of what the node reads.
  bool JoinScale(int node) {
    const Value scaled = At(node).inputs[0];
    if (Is({node, 0}, Op::kScale, 1.0 / 6)) {
      if (Is(scaled, Op::kRelu6) && Is(InputOf(scaled), Op::kOffset, 3))
        return Become(node, Op::kHardSigmoid, InputOf(InputOf(scaled)),
                      {{"slope", 1.0 / 6}, {"offset", 0.5}});
      if (Is(scaled, Op::kMul)) {
        const auto& inputs = NodeOf(scaled).inputs;
        for (size_t i = 0; i < 2; ++i)
          if (IsShiftedRelu6(inputs[1 - i], inputs[i]))
            return Become(node, Op::kHardSwish, inputs[i]);
      }
    }
    if (Is({node, 0}, Op::kScale, 0.5) && Is(scaled, Op::kMul)) {
      const auto& inputs = NodeOf(scaled).inputs;
      for (size_t i = 0; i < 2; ++i)
        if (IsErfTerm(inputs[1 - i], inputs[i]))
          return Become(node, Op::kGelu, inputs[i], {{"tanh", false}});
    }
    return false;
  }

  // A constant behind a weighted operator that nothing else reads is its bias. Readers then read
  // the weighted operator itself.
  bool JoinBias(int node) {
    const Value from = At(node).inputs[0];
    Node& weighted = At(from.node);
    if (!weighted.weighted() || !ReadOnce(from)) return false;
    const torch::Tensor other = At(node).parameters.at("other");
    const int64_t outputs = weighted.parameters.at("weight").size(0);
    const int64_t channel = weighted.op == Op::kConv2d ? -3 : -1;
    const bool number = other.numel() == 1;
    const bool fits = number || (other.numel() == outputs && other.dim() >= -channel &&
                                 other.size(channel) == outputs);
    if (!fits) return false;
    const torch::Tensor bias = other.reshape({-1}).expand({outputs});
    const torch::Tensor before = Parameter(weighted, "bias");
    weighted.parameters["bias"] = (before.defined() ? before + bias : bias).contiguous();
    Redirect({node, 0}, from);
    return true;
  }

  // Zeros around the input of a convolution are its padding.
  bool JoinPadding(int node) {
    Node& convolution = At(node);
    const Value from = convolution.inputs[0];
    const Node& pad = NodeOf(from);
    if (pad.op != Op::kPad || !ReadOnce(from)) return false;
    if (pad.attributes.value("mode", "constant") != "constant" ||
        pad.attributes.value("value", 0.0) != 0)
      return false;
    const auto pads = pad.attributes.at("pads").get<std::vector<int64_t>>();
    if (pads.size() != 4 || pads[0] != pads[1] || pads[2] != pads[3] || pads[0] < 0 || pads[2] < 0)
      return false;
    const auto padding = Pair(convolution, "padding", 0);
    const int64_t vertical = padding[0] + pads[2], horizontal = padding[1] + pads[0];
    convolution.attributes["padding"] =
        vertical == horizontal ? Json(vertical) : Json::array({vertical, horizontal});
    convolution.inputs[0] = pad.inputs[0];
    return true;
  }

  // N×(g·n)×H×W → N×g×n×H×W → N×n×g×H×W → N×(n·g)×H×W
  bool JoinShuffle(int node) {
    const Value turned = At(node).inputs[0];
    if (!Is(turned, Op::kPermute) || !Is(InputOf(turned), Op::kReshape)) return false;
    if (NodeOf(turned).attributes.at("dims") != Json::array({0, 2, 1, 3, 4})) return false;
    const auto parts = NodeOf(InputOf(turned)).attributes.at("shape").get<std::vector<int64_t>>();
    const auto whole = At(node).attributes.at("shape").get<std::vector<int64_t>>();
    if (whole != std::vector<int64_t>{parts[0] * parts[1], parts[2], parts[3]}) return false;
    return Become(node, Op::kChannelShuffle, InputOf(InputOf(turned)), {{"groups", parts[0]}});
  }

  // Whether value is every `stride`-th of the whole dimension.
  bool IsSampled(Value value, int64_t dim, int64_t stride) const {
    constexpr int64_t kToTheEnd = int64_t{1} << 30;
    if (!Is(value, Op::kSlice)) return false;
    const Json& attributes = NodeOf(value).attributes;
    return attributes.at("dim") == dim && attributes.at("start") == 0 &&
           attributes.at("step") == stride && attributes.at("end").get<int64_t>() >= kToTheEnd;
  }

  bool JoinShortcut(int node) {
    const Node& pad = At(node);
    const auto pads = pad.attributes.at("pads").get<std::vector<int64_t>>();
    const bool channels =
        pads.size() == 6 && pads[4] >= 0 && pads[5] >= 0 &&
        std::all_of(pads.begin(), pads.begin() + 4, [](auto n) { return n == 0; });
    const bool zeros = pad.attributes.value("mode", "constant") == "constant" &&
                       pad.attributes.value("value", 0.0) == 0;
    const Value sampled = pad.inputs[0];
    if (!channels || !zeros || !Is(sampled, Op::kSlice)) return false;
    const int64_t stride = NodeOf(sampled).attributes.at("step");
    const Value rows = InputOf(sampled);
    if (!IsSampled(sampled, 3, stride) || !IsSampled(rows, 2, stride)) return false;
    return Become(node, Op::kShortcutA, InputOf(rows),
                  {{"stride", stride}, {"pad_before", pads[4]}, {"pad_after", pads[5]}});
  }

  bool JoinAt(int node) {
    switch (At(node).op) {
      case Op::kMul: {
        const Value a = At(node).inputs[0], b = At(node).inputs[1];
        return JoinProduct(node, a, b) || JoinProduct(node, b, a);
      }
      case Op::kScale:
        return JoinScale(node);
      case Op::kOffset:
        return JoinBias(node);
      case Op::kConv2d:
        return JoinPadding(node);
      case Op::kReshape:
        return JoinShuffle(node);
      case Op::kPad:
        return JoinShortcut(node);
      default:
        return false;
    }
  }

  void Redirect(Value from, Value to) {
    for (Node& node : graph_.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
    if (graph_.output == from) graph_.output = to;
  }

  Graph WithoutUnread() const {
    std::vector<bool> needed(graph_.nodes.size(), false);
    needed[0] = true;
    needed[static_cast<size_t>(graph_.output.node)] = true;
    for (size_t i = graph_.nodes.size(); i-- > 0;) {
      if (!needed[i]) continue;
      for (const Value& input : graph_.nodes[i].inputs)
        needed[static_cast<size_t>(input.node)] = true;
    }
    Graph kept;
    kept.input_shape = graph_.input_shape;
    kept.precision = graph_.precision;
    std::vector<int> moved(graph_.nodes.size(), -1);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!needed[i]) continue;
      Node node = graph_.nodes[i];
      for (Value& input : node.inputs) input.node = moved[static_cast<size_t>(input.node)];
      moved[i] = kept.Append(std::move(node));
    }
    kept.output = {moved[static_cast<size_t>(graph_.output.node)], graph_.output.output};
    kept.Check();
    return kept;
  }

  Graph graph_;
  std::vector<int> readers_;  // by node
};

}  // namespace

Graph JoinOperators(Graph graph) { return Joiner(std::move(graph)).Run(); }

}  // namespace zerosweep
