#include "engine/training/student.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "base/error.h"
#include "engine/quant/site_hooks.h"
#include "engine/training/learned_ranges.h"

namespace zerosweep {
namespace {

constexpr double kKeep = 0.9;     // share of a range kept at each calibration
constexpr double kPactStart = 6;  // α₀
constexpr double kDoReFaEnd = 1;

// Forward: the quantized value; backward: the identity.
struct StraightThroughFunction : torch::autograd::Function<StraightThroughFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor& x,
                               const torch::Tensor& inverse_scale, const torch::Tensor& offset,
                               int64_t bits, bool narrow) {
    return FakeQuantize(x, {static_cast<int>(bits), inverse_scale, offset, narrow});
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 const torch::autograd::variable_list& upstream) {
    return {upstream[0], {}, {}, {}, {}};
  }
};

torch::Tensor StraightThrough(const torch::Tensor& x, const UniformGrid& grid) {
  if (grid.pass_through()) return x;
  return StraightThroughFunction::apply(x, grid.inverse_scale, grid.offset, int64_t{grid.bits},
                                        grid.narrow);
}

bool IsTrained(const Node& node, const std::string& parameter) {
  return (node.weighted() || node.op == Op::kBatchNorm) &&
         (parameter == "weight" || parameter == "bias");
}

}  // namespace

Params<StudentRanges> StudentRanges::AveragesParam(const std::map<std::string, Json>& variants) {
  return Bind(
      &StudentRanges::averages,
      {.name = "averages",
       .default_value = "clean",
       .meaning = "moving averages of ranges: clean of the bias of their beginning; with its "
                  "correction fed back, which is far off before some 200 calibrations; biased",
       .source =
           "fed_back: the released codes of GDFQ, Qimera, ClusterQ and IntraQ; biased: FDDA's",
       .variants = variants},
      {{"clean", Averages::kClean},
       {"fed_back", Averages::kFedBack},
       {"biased", Averages::kBiased}});
}

Student::Student(const Teacher& teacher, const QuantizationSetting& setting,
                 const StudentRanges& ranges)
    : teacher_(teacher),
      setting_(setting),
      kinds_(ranges),
      graph_((setting.fold_batch_norms ? FoldBatchNorms(teacher.graph) : teacher.graph).Clone()),
      sites_(ActivationSites(graph_, setting.protocol, setting.a_bits)) {
  if (setting.protocol.symmetric_weights && kinds_.weights != StudentRanges::Weights::kMinMax)
    FailTrial(Failure::kConfiguration,
              "w_grid: symmetric_per_channel (protocol deploy) has grids from the largest weight: "
              "leave weights: lsq or dorefa out, or take another protocol");
  for (Node& node : graph_.nodes)
    for (auto& [name, tensor] : node.parameters)
      tensor = tensor.detach().requires_grad_(IsTrained(node, name));
  const std::vector<int> weighted = graph_.Weighted();
  const std::vector<int> bits = WeightBits(graph_, setting.protocol, setting.w_bits);
  for (size_t i = 0; i < weighted.size(); ++i) {
    weight_bits_[weighted[i]] = bits[i];
    if (kinds_.weights != StudentRanges::Weights::kLsq || bits[i] == kPassThroughBits) continue;
    const torch::Tensor& weight = graph_.nodes[weighted[i]].parameters.at("weight");
    weight_steps_[weighted[i]] =
        LsqInitialStep(weight.detach().abs().mean(), bits[i], /*is_signed=*/true)
            .requires_grad_(true);
  }
  const torch::Tensor zero = torch::zeros({}, teacher.options());
  for (size_t site = 0; site < sites_.size(); ++site) {
    ranges_.push_back({zero, zero, {}});
    if (kinds_.activations == StudentRanges::Activations::kMinMax) continue;
    if (sites_[site].bits == kPassThroughBits) continue;
    const bool fixed = kinds_.activations == StudentRanges::Activations::kDoReFa;
    ranges_[site].learned =
        torch::full({}, fixed ? kDoReFaEnd : kPactStart, zero.options()).requires_grad_(!fixed);
  }
}

std::vector<torch::Tensor> Student::Parameters() const {
  std::vector<torch::Tensor> parameters;
  for (const Node& node : graph_.nodes)
    for (const auto& [name, tensor] : node.parameters)
      if (IsTrained(node, name)) parameters.push_back(tensor);
  return parameters;
}

std::vector<torch::Tensor> Student::RangeParameters() const {
  std::vector<torch::Tensor> parameters;
  for (const auto& [node, step] : weight_steps_) parameters.push_back(step);
  for (const Range& range : ranges_)
    if (range.learned.defined() && range.learned.requires_grad())
      parameters.push_back(range.learned);
  return parameters;
}

void Student::RequireCalibrated() const {
  if (calibrations_ > 0) return;
  FailTrial(Failure::kConfiguration, "the student's activation ranges were never calibrated");
}

double Student::SeenShare() const {
  return 1 - std::pow(kKeep, static_cast<double>(calibrations_));
}

UniformGrid Student::GridOf(size_t site) const {
  const int bits = sites_[site].bits;
  if (bits == kPassThroughBits) return {};
  RequireCalibrated();
  const Range& range = ranges_[site];
  if (kinds_.activations == StudentRanges::Activations::kLsq)
    return LsqGrid(range.learned, bits, range.is_signed);
  if (range.learned.defined()) return PactGrid(range.learned, bits);
  const double seen = kinds_.averages == StudentRanges::Averages::kClean ? SeenShare() : 1;
  return MakeUniformGrid(range.lo / seen, range.hi / seen, bits);
}

torch::Tensor Student::Activation(size_t site, const torch::Tensor& tensor, double share) const {
  const int bits = sites_[site].bits;
  if (bits == kPassThroughBits) return tensor;
  RequireCalibrated();
  const Range& range = ranges_[site];
  if (kinds_.activations == StudentRanges::Activations::kLsq)
    return LsqQuantize(tensor, range.learned, bits, range.is_signed, share);
  if (range.learned.defined()) return PactQuantize(tensor, range.learned, bits);
  return StraightThrough(tensor, GridOf(site));
}

bool Student::IsDoReFa(int index) const {
  return kinds_.weights == StudentRanges::Weights::kDoReFa &&
         weight_bits_.at(index) != kPassThroughBits;
}

torch::Tensor Student::Coded(int index, const torch::Tensor& weight) const {
  return IsDoReFa(index) ? weight.tanh() : weight;
}

UniformGrid Student::WeightGridOf(int index, const torch::Tensor& weight) const {
  const int bits = weight_bits_.at(index);
  if (IsDoReFa(index)) return DoReFaGrid(weight, bits);
  if (!weight_steps_.contains(index)) return MinMaxGrid(setting_.protocol)(weight.detach(), bits);
  const torch::Tensor per_channel =
      weight_steps_.at(index).detach().expand({weight.size(0)}).contiguous();
  return LsqGrid(per_channel, bits, /*is_signed=*/true);
}

torch::Tensor Student::Weight(int index, const torch::Tensor& weight) const {
  const int bits = weight_bits_.at(index);
  if (bits == kPassThroughBits) return weight;
  if (!weight.isfinite().all().item<bool>()) {
    FailTrial(Failure::kNonFinite,
              "the student's weights of {} are no longer finite: lower its learning "
              "rate",
              graph_.nodes[index].name);
  }
  const torch::Tensor quantized =
      weight_steps_.contains(index)
          ? LsqQuantize(weight, weight_steps_.at(index), bits, /*is_signed=*/true)
          : StraightThrough(Coded(index, weight), WeightGridOf(index, weight));
  // The memory layout of QuantizedNetwork.
  return weight.dim() == 4 ? quantized.contiguous(at::MemoryFormat::ChannelsLast) : quantized;
}

void Student::BeginLearnedRange(Group& group, size_t site, const torch::Tensor& tensor) {
  if (calibrations_ > 1) return;
  Range& range = ranges_[site];
  const torch::Tensor least = tensor.min();
  group.Reduce({least}, Group::Reduction::kMin);
  range.is_signed = least.item<double>() < 0;
  if (kinds_.activations == StudentRanges::Activations::kLsq) {
    const torch::Tensor sum = tensor.abs().sum();
    const torch::Tensor count = torch::full_like(sum, static_cast<double>(tensor.numel()));
    group.Reduce({sum, count}, Group::Reduction::kSum);
    range.learned.copy_(LsqInitialStep(sum / count, sites_[site].bits, range.is_signed));
  } else if (range.is_signed) {
    const Node& node = graph_.nodes[sites_[site].node];
    FailTrial(Failure::kConfiguration,
              "PACT and DoReFa clip at 0, but the output of '{}' has negative values: "
              "choose activations: lsq or minmax, or act_placement: relu",
              node.name);
  }
}

void Student::Widen(Group& group, size_t site, const torch::Tensor& tensor) {
  const torch::Tensor ends = torch::stack({-tensor.min(), tensor.max()});
  group.Reduce({ends}, Group::Reduction::kMax);
  Range& range = ranges_[site];
  const double seen = kinds_.averages == StudentRanges::Averages::kFedBack ? SeenShare() : 1;
  range.lo = (kKeep * range.lo - (1 - kKeep) * ends[0]) / seen;
  range.hi = (kKeep * range.hi + (1 - kKeep) * ends[1]) / seen;
}

torch::Tensor Student::Run(const torch::Tensor& x, double share, const Observe& observe) const {
  SiteHooks quantizers(graph_, sites_, [&](size_t site, int reader, const torch::Tensor& tensor) {
    if (observe && reader == kEveryReader) observe(site, tensor);
    return Activation(site, tensor, share);
  });
  quantizers.hooks().replace_weight = [&](int index, const torch::Tensor& weight) {
    return Weight(index, weight);
  };
  return zerosweep::Run(graph_, x, quantizers.hooks());
}

void Student::Calibrate(Group& group, const torch::Tensor& x) {
  const torch::NoGradGuard no_grad;
  ++calibrations_;
  Run(x, 1, [&](size_t site, const torch::Tensor& tensor) {
    ranges_[site].learned.defined() ? BeginLearnedRange(group, site, tensor)
                                    : Widen(group, site, tensor);
  });
}

torch::Tensor Student::Forward(const torch::Tensor& x, double share) const {
  return Run(x, share, {});
}

QuantizedNetwork Student::Quantized() const {
  const torch::NoGradGuard no_grad;
  QuantizedNetwork network(teacher_, setting_);
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
      const UniformGrid grid = WeightGridOf(index, tensor);
      network.SetWeight(index, {Encode(Coded(index, tensor), grid), grid});
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
  for (const auto& [index, step] : weight_steps_)
    state.tensors[fmt::format("{}step.{}", prefix, index)] = step.detach();
  Json is_signed = Json::array();
  for (size_t site = 0; site < sites_.size(); ++site) {
    const Range& range = ranges_[site];
    state.tensors[fmt::format("{}range.{}.lo", prefix, site)] = range.lo;
    state.tensors[fmt::format("{}range.{}.hi", prefix, site)] = range.hi;
    if (range.learned.defined())
      state.tensors[fmt::format("{}range.{}.learned", prefix, site)] = range.learned.detach();
    is_signed.push_back(range.is_signed);
  }
  state.values[prefix + "calibrations"] = calibrations_;
  state.values[prefix + "signed"] = is_signed;
}

void Student::Restore(const std::string& prefix, const CheckpointState& state) {
  const torch::NoGradGuard no_grad;
  const auto get = [&](const std::string& name) { return state.tensors.at(prefix + name); };
  for (Node& node : graph_.nodes)
    for (auto& [name, tensor] : node.parameters)
      if (IsTrained(node, name)) tensor.copy_(get(node.name + "." + name));
  for (auto& [index, step] : weight_steps_) step.copy_(get(fmt::format("step.{}", index)));
  for (size_t site = 0; site < sites_.size(); ++site) {
    Range& range = ranges_[site];
    range.lo = get(fmt::format("range.{}.lo", site)).to(teacher_.device());
    range.hi = get(fmt::format("range.{}.hi", site)).to(teacher_.device());
    if (range.learned.defined()) range.learned.copy_(get(fmt::format("range.{}.learned", site)));
    range.is_signed = state.values.at(prefix + "signed").at(site);
  }
  calibrations_ = state.values.at(prefix + "calibrations");
}

}  // namespace zerosweep
