// Operators that work element by element, and reductions.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/import/onnx/fold_constants.h"
#include "engine/import/onnx/lowerings.h"

namespace zerosweep {
namespace {

using Sizes = std::vector<int64_t>;

DraftValue LeakyRelu(const OnnxCall& call) {
  return call.draft.Apply(call.at, Op::kLeakyRelu, {call.In(0)},
                          {{"slope", call.Float("alpha", 0.01)}});
}

DraftValue PRelu(const OnnxCall& call) {
  const torch::Tensor& slope = call.Constant(1, "slope");
  const torch::Tensor& x = call.In(0).tensor;
  const int64_t channels = x.dim() > 1 ? x.size(1) : 1;
  // Broadcast from the last dimension: C×1×1, or C behind a linear layer.
  const int64_t behind = x.dim() - 2;
  const bool by_channel =
      slope.numel() == channels && slope.dim() > behind && slope.size(-1 - behind) == channels;
  if (slope.numel() != 1 && !by_channel) call.Refuse("its slope is not one number for a channel");
  return call.draft.Apply(call.at, Op::kPRelu, {call.In(0)}, {}, {{"weight", slope.reshape({-1})}});
}

DraftValue Elu(const OnnxCall& call) {
  return call.draft.Apply(call.at, Op::kElu, {call.In(0)}, {{"alpha", call.Float("alpha", 1)}});
}

// Klambauer et al. 2017, with ONNX's constants unless others are given.
DraftValue Selu(const OnnxCall& call) {
  const DraftValue y = call.draft.Apply(
      call.at, Op::kElu, {call.In(0)}, {{"alpha", call.Float("alpha", 1.67326319217681884765625)}});
  const double gamma = call.Float("gamma", 1.05070102214813232421875);
  return call.draft.Apply(call.at, Op::kMul, {y, GraphDraft::Constant(torch::tensor(gamma))});
}

DraftValue HardSigmoid(const OnnxCall& call) {
  return call.draft.Apply(
      call.at, Op::kHardSigmoid, {call.In(0)},
      {{"slope", call.Float("alpha", 0.2)}, {"offset", call.Float("beta", 0.5)}});
}

DraftValue Gelu(const OnnxCall& call) {
  const std::string approximation = call.Text("approximate", "none");
  if (approximation != "none" && approximation != "tanh") {
    call.Refuse("the approximation '{}' is unknown", approximation);
  }
  return call.draft.Apply(call.at, Op::kGelu, {call.In(0)}, {{"tanh", approximation == "tanh"}});
}

DraftValue Swish(const OnnxCall& call) {
  if (call.Float("alpha", 1) != 1) call.Refuse("its alpha is not 1");
  return call.draft.Apply(call.at, Op::kSilu, {call.In(0)});
}

// Limits that no number of float32 exceeds are none.
DraftValue Clipped(const OnnxCall& call, double low, double high) {
  Json limits = Json::object();
  const double largest = std::numeric_limits<float>::max();
  if (low > -largest) limits["min"] = low;
  if (high < largest) limits["max"] = high;
  if (limits.empty()) return call.In(0);
  if (!std::isfinite(low) && limits.contains("min")) call.Refuse("its limits leave nothing");
  if (!std::isfinite(high) && limits.contains("max")) call.Refuse("its limits leave nothing");
  return call.draft.Apply(call.at, Op::kClip, {call.In(0)}, limits);
}

DraftValue Clip(const OnnxCall& call) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double low = call.Float("min", -infinity), high = call.Float("max", infinity);
  return Clipped(call, call.Has(1) ? call.Real(1, "min") : low,
                 call.Has(2) ? call.Real(2, "max") : high);
}

// The larger or smaller of a tensor and a number.
DraftValue Limit(const OnnxCall& call) {
  const double infinity = std::numeric_limits<double>::infinity();
  const bool least = call.op() == "Max";
  if (call.inputs() != 2 || call.In(0).constant() == call.In(1).constant()) {
    call.Refuse("only limits that are one number are supported");
  }
  const size_t number = call.In(0).constant() ? 0 : 1;
  const double limit = call.Real(number, "limit");
  const DraftValue& x = call.In(1 - number);
  Json limits = Json::object();
  if (std::abs(limit) < infinity) limits[least ? "min" : "max"] = limit;
  return limits.empty() ? x : call.draft.Apply(call.at, Op::kClip, {x}, limits);
}

DraftValue Pow(const OnnxCall& call) {
  const double exponent = call.Real(1, "exponent");
  if (exponent == 1) return call.In(0);
  if (exponent == 0.5) return call.draft.Apply(call.at, Op::kSqrt, {call.In(0)});
  return call.draft.Apply(call.at, Op::kPow, {call.In(0)}, {{"exponent", exponent}});
}

DraftValue Reciprocal(const OnnxCall& call) {
  return call.draft.Apply(call.at, Op::kPow, {call.In(0)}, {{"exponent", -1.0}});
}

// Adds in turn; a network adds two or more branches.
DraftValue Add(const OnnxCall& call) {
  const std::vector<DraftValue> terms = call.All();
  if (terms.empty()) call.Refuse("it has no input");
  DraftValue sum = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) {
    sum = call.draft.Apply(call.at, Op::kBroadcastAdd, {sum, terms[i]});
  }
  return sum;
}

DraftValue Sub(const OnnxCall& call) {
  return call.draft.Apply(call.at, Op::kSub, {call.In(0), call.In(1)});
}

DraftValue Softmax(const OnnxCall& call) {
  const Op op = call.op() == "Softmax" ? Op::kSoftmax : Op::kLogSoftmax;
  const DraftValue& x = call.In(0);
  const int64_t rank = x.tensor.dim();
  const bool flattens = call.opset < 13;
  const int64_t axis = call.Dimension(call.Int("axis", flattens ? 1 : -1), rank);
  const Json attributes = {{"dim", axis}};
  // Before opset 13 all dimensions from the axis on are one.
  const auto sizes = x.tensor.sizes();
  const auto behind = sizes.slice(static_cast<size_t>(axis) + 1);
  const bool alone = std::all_of(behind.begin(), behind.end(), [](int64_t n) { return n == 1; });
  if (!flattens || alone) return call.draft.Apply(call.at, op, {x}, attributes);
  Sizes flat = sizes.slice(0, static_cast<size_t>(axis)).vec();
  flat.push_back(-1);
  const DraftValue joined = call.draft.Reshape(call.at, x, flat);
  return call.draft.Reshape(call.at, call.draft.Apply(call.at, op, {joined}, attributes),
                            sizes.vec());
}

// The dimensions of a reduction, from the front; nothing: it reduces none.
Sizes ReducedDims(const OnnxCall& call) {
  const int64_t rank = call.In(0).tensor.dim();
  const auto given = call.IntsOrInput("axes", 1);
  const bool none = call.Int("noop_with_empty_axes", 0) != 0;
  Sizes dims;
  if (given && !given->empty()) {
    for (const int64_t dim : *given) dims.push_back(call.Dimension(dim, rank));
    std::sort(dims.begin(), dims.end());
    if (std::adjacent_find(dims.begin(), dims.end()) != dims.end()) {
      call.Refuse("it reduces a dimension twice");
    }
  } else if (!none) {
    dims.resize(static_cast<size_t>(rank));
    std::iota(dims.begin(), dims.end(), 0);
  }
  return dims;
}

DraftValue Reduced(const OnnxCall& call, Op op, const DraftValue& x) {
  const Sizes dims = ReducedDims(call);
  const bool keeps = call.Int("keepdims", 1) != 0;
  if (dims.empty()) return x;
  return call.draft.Apply(call.at, op, {x}, {{"dims", dims}, {"keepdim", keeps}});
}

DraftValue ReduceMean(const OnnxCall& call) { return Reduced(call, Op::kMean, call.In(0)); }
DraftValue ReduceSum(const OnnxCall& call) { return Reduced(call, Op::kSum, call.In(0)); }
DraftValue ReduceMax(const OnnxCall& call) { return Reduced(call, Op::kMax, call.In(0)); }

DraftValue ReduceSumSquare(const OnnxCall& call) {
  const DraftValue square = call.draft.Apply(call.at, Op::kPow, {call.In(0)}, {{"exponent", 2.0}});
  return Reduced(call, Op::kSum, square);
}

DraftValue ReduceL2(const OnnxCall& call) {
  return call.draft.Apply(call.at, Op::kSqrt, {ReduceSumSquare(call)});
}

DraftValue Dropout(const OnnxCall& call) {
  call.Ignore({"ratio", "seed", "is_test"});
  const bool trains = call.Has(2) && call.Real(2, "training_mode") != 0;
  if (trains && !(call.Has(1) && call.Real(1, "ratio") == 0)) {
    call.Refuse("it is in training mode: call model.eval() before torch.onnx.export");
  }
  return call.In(0);
}

DraftValue Identity(const OnnxCall& call) { return call.In(0); }

DraftValue Cast(const OnnxCall& call) {
  call.Ignore({"saturate", "round_mode"});
  const bool like = call.op() == "CastLike";
  const torch::ScalarType type = like ? call.In(1).tensor.scalar_type() : CastType(call);
  if (call.In(0).constant()) return GraphDraft::Constant(call.In(0).tensor.to(type));
  if (!c10::isFloatingType(type)) {
    call.Refuse("it rounds to {}", c10::toString(type));
  }
  if (type == torch::kFloat16 || type == torch::kBFloat16 || type == torch::kFloat64) {
    call.draft.Note("it computes in another precision; here everything is float32");
  }
  return call.In(0);
}

}  // namespace

const std::vector<LoweringRow>& ValueLowerings() {
  static const std::vector<LoweringRow> rows = {
      {"LeakyRelu", LeakyRelu},
      {"PRelu", PRelu},
      {"Elu", Elu},
      {"Selu", Selu},
      {"HardSigmoid", HardSigmoid},
      {"Gelu", Gelu},
      {"Swish", Swish},
      {"Clip", Clip},
      {"Min", Limit},
      {"Max", Limit},
      {"Pow", Pow},
      {"Reciprocal", Reciprocal},
      {"Add", Add},
      {"Sum", Add},
      {"Sub", Sub},
      {"Softmax", Softmax},
      {"LogSoftmax", Softmax},
      {"ReduceMean", ReduceMean},
      {"ReduceSum", ReduceSum},
      {"ReduceMax", ReduceMax},
      {"ReduceL2", ReduceL2},
      {"ReduceSumSquare", ReduceSumSquare},
      {"Dropout", Dropout},
      {"Identity", Identity},
      {"Cast", Cast},
      {"CastLike", Cast},
  };
  return rows;
}

}  // namespace zerosweep
