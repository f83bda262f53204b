#include "engine/quant/student.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "base/error.h"
#include "engine/quant/site_taps.h"

namespace zerosweep {
namespace {

constexpr double kKeep = 0.9;  // of a range, at each calibration

// Forward the quantized value, backward the identity.
struct StraightThroughFunction : torch::autograd::Function<StraightThroughFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor& x,
                               const torch::Tensor& scale, const torch::Tensor& zero_point,
                               int64_t bits) {
    return FakeQuantize(x, {static_cast<int>(bits), scale, zero_point});
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list& upstream) {
    return {upstream[0], {}, {}, {}};
  }
};

torch::Tensor StraightThrough(const torch::Tensor& x, const UniformGrid& grid) {
  if (grid.pass_through()) return x;
  return StraightThroughFunction::apply(x, grid.scale, grid.zero_point, int64_t{grid.bits});
}

bool IsTrained(const Node& node, const std::string& parameter) {
  return (node.weighted() || node.op == Op::kBatchNorm) &&
         (parameter == "weight" || parameter == "bias");
}

}  // namespace

Student::Student(const Teacher& teacher, const Protocol& protocol, bool fold,
                 const WeightBitWidths& w_bits, int a_bits)
    : teacher_(teacher),
      protocol_(protocol),
      fold_(fold),
      w_bits_(w_bits),
      a_bits_(a_bits),
      graph_((fold ? FoldBatchNorms(teacher.graph) : teacher.graph).Clone()),
      sites_(ActSites(graph_, protocol, a_bits)) {
  const std::vector<int> weighted = graph_.Weighted();
  const std::vector<int> bits = WeightBits(graph_, protocol, w_bits);
  for (size_t i = 0; i < weighted.size(); ++i) weight_bits_[weighted[i]] = bits[i];
  for (Node& node : graph_.nodes)
    for (auto& [name, tensor] : node.parameters)
      tensor = tensor.detach().requires_grad_(IsTrained(node, name));
  const torch::Tensor zero = torch::zeros({}, teacher.device());
  ranges_.assign(sites_.size(), {zero, zero});
}

std::vector<torch::Tensor> Student::Parameters() const {
  std::vector<torch::Tensor> parameters;
  for (const Node& node : graph_.nodes)
    for (const auto& [name, tensor] : node.parameters)
      if (IsTrained(node, name)) parameters.push_back(tensor);
  return parameters;
}

UniformGrid Student::GridOf(size_t site) const {
  if (sites_[site].bits == kPassThroughBits) return {};
  if (calibrations_ == 0) {
    throw Error(ErrorKind::kTrial, "the student's activation ranges were never calibrated",
                "configuration");
  }
  const double seen = 1 - std::pow(kKeep, static_cast<double>(calibrations_));
  return MakeUniformGrid(ranges_[site].lo / seen, ranges_[site].hi / seen, sites_[site].bits);
}

torch::Tensor Student::Weight(int index, const torch::Tensor& weight) const {
  const int bits = weight_bits_.at(index);
  if (bits == kPassThroughBits) return weight;
  const torch::Tensor quantized =
      StraightThrough(weight, PerChannelMinMaxGrid(weight.detach(), bits));
  // As QuantizedNetwork has them.
  return weight.dim() == 4 ? quantized.contiguous(at::MemoryFormat::ChannelsLast) : quantized;
}

void Student::Calibrate(const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  ++calibrations_;
  SiteTaps quantizers(graph_, sites_, [&](size_t site, int reader, const torch::Tensor& tensor) {
    if (reader == kEveryReader) {
      Range& range = ranges_[site];
      range.lo = kKeep * range.lo + (1 - kKeep) * tensor.min();
      range.hi = kKeep * range.hi + (1 - kKeep) * tensor.max();
    }
    return StraightThrough(tensor, GridOf(site));
  });
  quantizers.taps().replace_weight = [&](int index, const torch::Tensor& weight) {
    return Weight(index, weight);
  };
  Run(graph_, x, quantizers.taps());
}

torch::Tensor Student::Forward(const torch::Tensor& x) const {
  SiteTaps quantizers(graph_, sites_, [&](size_t site, int, const torch::Tensor& tensor) {
    return StraightThrough(tensor, GridOf(site));
  });
  quantizers.taps().replace_weight = [&](int index, const torch::Tensor& weight) {
    return Weight(index, weight);
  };
  return Run(graph_, x, quantizers.taps());
}

QuantizedNetwork Student::Quantized() const {
  const torch::NoGradGuard no_grad;
  QuantizedNetwork network(teacher_, protocol_, fold_, w_bits_, a_bits_);
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const int index = static_cast<int>(i);
    for (const auto& [name, tensor] : graph_.nodes[i].parameters) {
      if (!IsTrained(graph_.nodes[i], name)) continue;
      const bool coded = name == "weight" && weight_bits_.contains(index) &&
                         weight_bits_.at(index) != kPassThroughBits;
      if (!coded) {
        network.SetParameter(index, name, tensor.detach().clone());
        continue;
      }
      const UniformGrid grid = PerChannelMinMaxGrid(tensor, weight_bits_.at(index));
      network.SetWeight(index, {Encode(tensor, grid), grid});
    }
  }
  for (size_t site = 0; site < sites_.size(); ++site)
    network.activations()[site].grid = GridOf(site);
  return network;
}

void Student::Save(const std::string& prefix, CheckpointState& state) const {
  for (const Node& node : graph_.nodes)
    for (const auto& [name, tensor] : node.parameters)
      if (IsTrained(node, name)) state.tensors[prefix + node.name + "." + name] = tensor.detach();
  for (size_t site = 0; site < sites_.size(); ++site) {
    state.tensors[fmt::format("{}range.{}.lo", prefix, site)] = ranges_[site].lo;
    state.tensors[fmt::format("{}range.{}.hi", prefix, site)] = ranges_[site].hi;
  }
  state.values[prefix + "calibrations"] = calibrations_;
}

void Student::Restore(const std::string& prefix, const CheckpointState& state) {
  const torch::NoGradGuard no_grad;
  for (Node& node : graph_.nodes)
    for (auto& [name, tensor] : node.parameters)
      if (IsTrained(node, name)) tensor.copy_(state.tensors.at(prefix + node.name + "." + name));
  for (size_t site = 0; site < sites_.size(); ++site) {
    const auto range = [&](const char* end) {
      return state.tensors.at(fmt::format("{}range.{}.{}", prefix, site, end)).to(teacher_.device());
    };
    ranges_[site] = {range("lo"), range("hi")};
  }
  calibrations_ = state.values.at(prefix + "calibrations");
}

}  // namespace zerosweep
