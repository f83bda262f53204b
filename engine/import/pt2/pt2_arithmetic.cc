// Activations, operators of two operands, reductions.

#include <ATen/ExpandUtils.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "engine/import/pt2/pt2_call.h"

namespace zerosweep {
namespace {

using Results = std::vector<DraftValue>;
using Dims = std::vector<int64_t>;

DraftValue Scalar(double value) {
  return GraphDraft::Constant(torch::tensor(value, torch::kFloat64));
}

bool IsNumber(const DraftValue& x, double value) {
  return x.constant() && x.tensor.dim() == 0 && x.tensor.item<double>() == value;
}

torch::Tensor Computed(const Pt2Call& call, Op op, const torch::Tensor& a, const torch::Tensor& b) {
  call.CheckSize(at::infer_size(a.sizes(), b.sizes()));
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSub:
      return a - b;
    case Op::kMul:
      return a * b;
    default:
      return a / b;
  }
}

// The operand itself in place of one that only repeats it, where the result has the same shape.
DraftValue Unexpanded(const Pt2Call& call, const DraftValue& x, const DraftValue& other) {
  const auto found = call.context().expanded.find(x.value);
  if (x.constant() || found == call.context().expanded.end()) return x;
  const DraftValue& narrow = found->second;
  const bool same = at::infer_size(narrow.tensor.sizes(), other.tensor.sizes()) ==
                    at::infer_size(x.tensor.sizes(), other.tensor.sizes());
  return same ? narrow : x;
}

// A constant that was repeated for each image, once.
DraftValue Once(const Pt2Call& call, const DraftValue& x, const DraftValue& other) {
  const bool each = x.constant() && !other.constant() && x.tensor.dim() == other.tensor.dim() &&
                    x.tensor.dim() > 0 && x.tensor.size(0) == call.draft().batch();
  if (!each) return x;
  const torch::Tensor first = x.tensor.slice(0, 0, 1);
  return torch::equal(first.expand_as(x.tensor), x.tensor) ? GraphDraft::Constant(first) : x;
}

DraftValue Combined(const Pt2Call& call, Op op, DraftValue a, DraftValue b) {
  if (a.constant() && b.constant())
    return GraphDraft::Constant(Computed(call, op, a.tensor, b.tensor));
  const bool sum = op == Op::kAdd || op == Op::kSub;
  if (IsNumber(b, sum ? 0 : 1)) return a;
  if (IsNumber(a, op == Op::kAdd ? 0 : 1) && (op == Op::kAdd || op == Op::kMul)) return b;
  a = Unexpanded(call, Once(call, a, b), b);
  b = Unexpanded(call, Once(call, b, a), a);
  const DraftValue result = call.Apply(op, {a, b});
  if (op == Op::kMul && a.constant() != b.constant()) {
    const auto& [x, constant] = a.constant() ? std::tie(b, a) : std::tie(a, b);
    call.context().products[result.value] = {x.value, constant.tensor};
  }
  return result;
}

DraftValue Times(const Pt2Call& call, const DraftValue& x, double factor) {
  return factor == 1 ? x : Combined(call, Op::kMul, x, Scalar(factor));
}

Results AddOperands(const Pt2Call& call) {
  return {Combined(call, Op::kAdd, call.Tensor("self"),
                   Times(call, call.Tensor("other"), call.Real("alpha", 1)))};
}

Results SubtractOperands(const Pt2Call& call) {
  return {Combined(call, Op::kSub, call.Tensor("self"),
                   Times(call, call.Tensor("other"), call.Real("alpha", 1)))};
}

Results SubtractReversed(const Pt2Call& call) {
  return {Combined(call, Op::kSub, call.Tensor("other"),
                   Times(call, call.Tensor("self"), call.Real("alpha", 1)))};
}

Results Multiply(const Pt2Call& call) {
  return {Combined(call, Op::kMul, call.Tensor("self"), call.Tensor("other"))};
}

Results Divide(const Pt2Call& call) {
  const DraftValue a = call.Tensor("self"), b = call.Tensor("other");
  const std::string rounding = call.Text("rounding_mode", "");
  if (rounding.empty()) return {Combined(call, Op::kDiv, a, b)};
  if (!a.constant() || !b.constant()) call.Refuse("it rounds, which is not supported");
  call.CheckSize(at::infer_size(a.tensor.sizes(), b.tensor.sizes()));
  if (!b.tensor.to(torch::kFloat64).ne(0).all().item<bool>()) call.Refuse("it divides by zero");
  return {GraphDraft::Constant(torch::div(a.tensor, b.tensor, rounding))};
}

// Where x is larger than a number. Only `where` reads it.
Results Greater(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self"), other = call.Tensor("other");
  if (x.constant() && other.constant()) {
    call.CheckSize(at::infer_size(x.tensor.sizes(), other.tensor.sizes()));
    return {GraphDraft::Constant(x.tensor > other.tensor)};
  }
  if (x.constant() || !other.constant() || other.tensor.dim() != 0)
    call.Refuse("comparisons are not supported");
  call.context().masks[call.output()] = {x, other.tensor.item<double>()};
  return {};
}

// Whether `slopes` holds one number, or one for each channel of x.
bool AreSlopes(const torch::Tensor& slopes, const DraftValue& x) {
  const int64_t rank = x.tensor.dim();
  if (slopes.numel() == 1) return true;
  return rank >= 2 && slopes.dim() >= rank - 1 && slopes.numel() == x.tensor.size(1) &&
         slopes.size(slopes.dim() - rank + 1) == slopes.numel();
}

// where(x > 0, x, slope · x) and where(x > 20, x, log(1 + exp(x))), as a PReLU and a softplus are
// taken apart.
Results Where(const Pt2Call& call) {
  const DraftValue yes = call.Tensor("self"), no = call.Tensor("other");
  const Pt2Mask* mask = call.Mask("condition");
  if (mask == nullptr) {
    const DraftValue condition = call.Tensor("condition");
    if (!condition.constant() || !yes.constant() || !no.constant())
      call.Refuse("a choice between values is not supported");
    call.CheckSize(at::infer_size(condition.tensor.sizes(),
                                  at::infer_size(yes.tensor.sizes(), no.tensor.sizes())));
    return {GraphDraft::Constant(torch::where(condition.tensor, yes.tensor, no.tensor))};
  }
  constexpr double kSoftplusIsItsInput = 20;
  if (!yes.constant() && !no.constant() && yes.value == mask->x.value) {
    const auto product = call.context().products.find(no.value);
    if (product != call.context().products.end() && product->second.first == yes.value &&
        mask->above == 0 && AreSlopes(product->second.second, yes))
      return {
          call.Apply(Op::kPRelu, {yes}, {}, {{"weight", product->second.second.reshape({-1})}})};
    const auto softplus = call.context().softpluses.find(no.value);
    if (softplus != call.context().softpluses.end() && softplus->second.value == yes.value &&
        mask->above >= kSoftplusIsItsInput)
      return {no};
  }
  call.Refuse("a choice between values is not supported");
}

Results Exp(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self"), y = call.Apply(Op::kExp, {x});
  if (!y.constant()) call.context().exponentials[y.value] = x;
  return {y};
}

// log(1 + exp(x)) is the softplus of x.
Results LogOfOneMore(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const auto found = call.context().exponentials.find(x.value);
  if (x.constant()) return {GraphDraft::Constant(torch::log1p(x.tensor))};
  if (found == call.context().exponentials.end()) call.Refuse("a logarithm is not supported");
  const DraftValue y = call.Apply(Op::kSoftplus, {found->second});
  call.context().softpluses[y.value] = found->second;
  return {y};
}

Results PRelu(const Pt2Call& call) {
  return {call.Apply(Op::kPRelu, {call.Tensor("self")}, {},
                     {{"weight", call.Parameter("weight").reshape({-1})}})};
}

Results LeakyRelu(const Pt2Call& call) {
  return {call.Apply(Op::kLeakyRelu, {call.Tensor("self")},
                     {{"slope", call.Real("negative_slope", 0.01)}})};
}

Results Elu(const Pt2Call& call) {
  if (call.Real("input_scale", 1) != 1) call.Refuse("its input_scale is not supported");
  const DraftValue y =
      call.Apply(Op::kElu, {call.Tensor("self")}, {{"alpha", call.Real("alpha", 1)}});
  return {Times(call, y, call.Real("scale", 1))};
}

// Klambauer et al. 2017, with the constants of ATen.
Results Selu(const Pt2Call& call) {
  constexpr double kAlpha = 1.6732632423543772848170429916717,
                   kScale = 1.0507009873554804934193349852946;
  return {Times(call, call.Apply(Op::kElu, {call.Tensor("self")}, {{"alpha", kAlpha}}), kScale)};
}

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// min(max(x, least), most), of which two operators may have been made.
DraftValue Clipped(const Pt2Call& call, DraftValue x, double least, double most) {
  auto& raised = call.context().raised;
  const auto before = raised.find(x.value);
  if (least == -kUnbounded && !x.constant() && before != raised.end() &&
      before->second.second <= most) {
    least = before->second.second;
    x = before->second.first;
  }
  Json attributes = Json::object();
  if (std::isfinite(least)) attributes["min"] = least;
  if (std::isfinite(most)) attributes["max"] = most;
  if (attributes.empty()) return x;
  const DraftValue y = call.Apply(Op::kClip, {x}, attributes);
  const torch::ScalarType type = x.tensor.scalar_type();
  if (y.constant() && c10::isIntegralType(type, /*includeBool=*/false))
    return GraphDraft::Constant(y.tensor.to(type));  // indices stay whole
  if (most == kUnbounded && !y.constant()) raised[y.value] = {x, least};
  return y;
}

Results Clamp(const Pt2Call& call) {
  return {Clipped(call, call.Tensor("self"), call.Real("min", -kUnbounded),
                  call.Real("max", kUnbounded))};
}

Results HardTanh(const Pt2Call& call) {
  return {Clipped(call, call.Tensor("self"), call.Real("min_val", -1), call.Real("max_val", 1))};
}

Results HardSigmoid(const Pt2Call& call) {
  return {
      call.Apply(Op::kHardSigmoid, {call.Tensor("self")}, {{"slope", 1.0 / 6}, {"offset", 0.5}})};
}

Results Softplus(const Pt2Call& call) {
  if (call.Real("beta", 1) != 1 || call.Real("threshold", 20) != 20)
    call.Refuse("only its default beta and threshold are supported");
  return {call.Apply(Op::kSoftplus, {call.Tensor("self")})};
}

Results Gelu(const Pt2Call& call) {
  const std::string how = call.Text("approximate", "none");
  return {call.Apply(Op::kGelu, {call.Tensor("self")}, {{"tanh", how == "tanh"}})};
}

// a · sigmoid(b) of two halves.
Results Glu(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x, -1), half = x.tensor.size(dim) / 2;
  const auto halves = call.draft().ApplyMany(call.at(), Op::kSplit, {x},
                                             {{"sizes", Dims{half, half}}, {"dim", dim}});
  return {call.Apply(Op::kMul, {halves.at(0), call.Apply(Op::kSigmoid, {halves.at(1)})})};
}

DraftValue Power(const Pt2Call& call, const DraftValue& x, double exponent) {
  if (exponent == 1) return x;
  if (x.constant()) return GraphDraft::Constant(x.tensor.pow(exponent));
  return call.Apply(Op::kPow, {x}, {{"exponent", exponent}});
}

Results Pow(const Pt2Call& call) {
  return {Power(call, call.Tensor("self"), call.Real("exponent"))};
}

Results Square(const Pt2Call& call) { return {Power(call, call.Tensor("self"), 2)}; }
Results Reciprocal(const Pt2Call& call) { return {Power(call, call.Tensor("self"), -1)}; }
Results InverseRoot(const Pt2Call& call) { return {Power(call, call.Tensor("self"), -0.5)}; }

// Of constants alone.
Results Remainder(const Pt2Call& call) {
  const DraftValue a = call.Tensor("self"), b = call.Tensor("other");
  if (!a.constant() || !b.constant()) call.Refuse("a remainder of values is not supported");
  call.CheckSize(at::infer_size(a.tensor.sizes(), b.tensor.sizes()));
  if (!b.tensor.to(torch::kFloat64).ne(0).all().item<bool>()) call.Refuse("it divides by zero");
  const bool floor = call.at().op.find("remainder") != std::string::npos;
  return {GraphDraft::Constant(floor ? torch::remainder(a.tensor, b.tensor)
                                     : torch::fmod(a.tensor, b.tensor))};
}

DraftValue Reduced(const Pt2Call& call, Op op, const DraftValue& x) {
  Dims dims = call.Ints("dim", Dims{});
  if (dims.empty())
    for (int64_t i = 0; i < x.tensor.dim(); ++i) dims.push_back(i);
  return call.Apply(op, {x}, {{"dims", dims}, {"keepdim", call.Flag("keepdim", false)}});
}

Results Mean(const Pt2Call& call) { return {Reduced(call, Op::kMean, call.Tensor("self"))}; }
Results Sum(const Pt2Call& call) { return {Reduced(call, Op::kSum, call.Tensor("self"))}; }
// max.dim also gives indices, which are not supported.
Results Max(const Pt2Call& call) {
  if (call.Has("other")) call.Refuse("the larger of two tensors is not supported");
  return {Reduced(call, Op::kMax, call.Tensor("self"))};
}

Results Min(const Pt2Call& call) {
  if (call.Has("other")) call.Refuse("the smaller of two tensors is not supported");
  const DraftValue negative = call.Apply(Op::kNeg, {call.Tensor("self")});
  return {call.Apply(Op::kNeg, {Reduced(call, Op::kMax, negative)})};
}

// The Euclidean norm: √Σx².
Results Norm(const Pt2Call& call) {
  const char* order = call.Has("p") ? "p" : "ord";
  if (call.Real(order, 2) != 2) call.Refuse("only the Euclidean norm is supported");
  const DraftValue squares = Power(call, call.Tensor("self"), 2);
  return {call.Apply(Op::kSqrt, {Reduced(call, Op::kSum, squares)})};
}

Results LogSoftmax(const Pt2Call& call) {
  return {call.Apply(Op::kLogSoftmax, {call.Tensor("self")}, {{"dim", call.Int("dim")}})};
}

Results Softmax(const Pt2Call& call) {
  return {call.Apply(Op::kSoftmax, {call.Tensor("self")}, {{"dim", call.Int("dim")}})};
}

}  // namespace

Pt2Handlers Pt2Arithmetic() {
  return {
      {"add", AddOperands},
      {"sub", SubtractOperands},
      {"rsub", SubtractReversed},
      {"mul", Multiply},
      {"div", Divide},
      {"true_divide", Divide},
      {"gt", Greater},
      {"exp", Exp},
      {"log1p", LogOfOneMore},
      {"where", Where},
      {"prelu", PRelu},
      {"_prelu_kernel", PRelu},
      {"leaky_relu", LeakyRelu},
      {"elu", Elu},
      {"selu", Selu},
      {"clamp", Clamp},
      {"clamp_min", Clamp},
      {"clamp_max", Clamp},
      {"clip", Clamp},
      {"hardtanh", HardTanh},
      {"hardsigmoid", HardSigmoid},
      {"softplus", Softplus},
      {"gelu", Gelu},
      {"glu", Glu},
      {"pow", Pow},
      {"square", Square},
      {"reciprocal", Reciprocal},
      {"rsqrt", InverseRoot},
      {"fmod", Remainder},
      {"remainder", Remainder},
      {"mean", Mean},
      {"sum", Sum},
      {"amax", Max},
      {"max", Max},
      {"amin", Min},
      {"min", Min},
      {"linalg_vector_norm", Norm},
      {"norm", Norm},
      {"softmax", Softmax},
      {"_softmax", Softmax},
      {"log_softmax", LogSoftmax},
      {"_log_softmax", LogSoftmax},
  };
}

}  // namespace zerosweep
