// Numbers and tensors that a program makes, and its arithmetic of shapes. Images enter none of it.

#include <algorithm>
#include <cmath>

#include "engine/import/pt2/pt2_call.h"
#include "engine/import/pt2/pt2_weights.h"

namespace zerosweep {
namespace {

using Made = std::vector<DraftValue>;

Made Whole(int64_t value) { return {GraphDraft::Constant(torch::tensor(value))}; }

torch::ScalarType TypeFor(const Pt2Call& call, torch::ScalarType otherwise) {
  if (!call.Has("dtype")) return otherwise;
  const torch::ScalarType type = Pt2Type(call.Int("dtype"));
  if (type == torch::ScalarType::Undefined) call.Refuse("its type is not supported");
  return type;
}

Made Filled(const Pt2Call& call, const std::vector<int64_t>& shape, double value,
            torch::ScalarType type) {
  call.CheckSize(shape);
  return {GraphDraft::Constant(
      torch::full({1}, value, torch::kFloat64).to(TypeFor(call, type)).expand(shape).clone())};
}

// full_like, new_zeros, ones: the name says the shape and the value.
Made Full(const Pt2Call& call) {
  const std::string& op = call.at().op;
  const auto says = [&](const char* word) { return op.find(word) != std::string::npos; };
  const double value = says("ones") ? 1 : says("zeros") ? 0 : call.Real("fill_value");
  const bool known = call.Has("self");
  const torch::ScalarType type = known ? call.Tensor("self").tensor.scalar_type() : torch::kFloat32;
  return Filled(call, says("_like") ? call.Tensor("self").tensor.sizes().vec() : call.Ints("size"),
                value, type);
}

// In place, of a tensor that the program made.
Made Fill(const Pt2Call& call) {
  const torch::Tensor x = call.draft().RequireConstant(call.at(), call.Tensor("self"), "input");
  call.CheckSize(x.sizes().vec());
  return {GraphDraft::Constant(torch::full_like(x, call.Real("value")))};
}

Made ScalarTensor(const Pt2Call& call) { return Filled(call, {}, call.Real("s"), torch::kFloat32); }

Made Arange(const Pt2Call& call) {
  const double start = call.Real("start", 0), end = call.Real("end"), step = call.Real("step", 1);
  const double count = std::ceil((end - start) / step);
  if (!(count >= 0 && count <= 1e8)) call.Refuse("it has an impossible length");
  const auto length = static_cast<int64_t>(count);
  call.CheckSize({length});
  const bool whole = start == std::floor(start) && step == std::floor(step);
  const torch::Tensor numbers = torch::arange(length, torch::kFloat64) * step + start;
  return {GraphDraft::Constant(numbers.to(TypeFor(call, whole ? torch::kInt64 : torch::kFloat32)))};
}

Made SymSize(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  return Whole(x.tensor.size(call.Dim("dim", x)));
}

// Of whole numbers a and b, as Python computes it.
Made SymbolArithmetic(const Pt2Call& call) {
  const std::string& op = call.at().op;
  const bool unary = op == "_operator.neg";
  const int64_t a = call.Int("a"), b = unary ? 0 : call.Int("b");
  constexpr int64_t kMost = int64_t{1} << 31;
  if (std::max(a, b) > kMost || std::min(a, b) < -kMost) call.Refuse("a size is out of range");
  if (unary) return Whole(-a);
  if (op == "_operator.add") return Whole(a + b);
  if (op == "_operator.sub") return Whole(a - b);
  if (op == "_operator.mul") return Whole(a * b);
  if (op == "_operator.eq") return Whole(a == b ? 1 : 0);
  if (op == "_operator.ne") return Whole(a != b ? 1 : 0);
  if (op == "_operator.ge") return Whole(a >= b ? 1 : 0);
  if (op == "_operator.gt") return Whole(a > b ? 1 : 0);
  if (op == "_operator.le") return Whole(a <= b ? 1 : 0);
  if (op == "_operator.lt") return Whole(a < b ? 1 : 0);
  if (b == 0) call.Refuse("it divides by zero");
  const int64_t down = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
  return Whole(op == "_operator.mod" ? a - down * b : down);
}

// Checks of the program itself, which hold for the sizes that it was exported with.
Made Nothing(const Pt2Call&) { return {}; }

}  // namespace

Pt2Handlers Pt2Constants() {
  Pt2Handlers handlers = {
      {"full", Full},
      {"full_like", Full},
      {"new_full", Full},
      {"zeros", Full},
      {"zeros_like", Full},
      {"new_zeros", Full},
      {"ones", Full},
      {"ones_like", Full},
      {"new_ones", Full},
      {"scalar_tensor", ScalarTensor},
      {"arange", Arange},
      {"fill", Fill},
      {"sym_size", SymSize},
      {"_assert_tensor_metadata", Nothing},
      {"_assert_scalar", Nothing},
      {"_assert_async", Nothing},
      {"sym_constrain_range", Nothing},
      {"sym_constrain_range_for_size", Nothing},
  };
  for (const char* name :
       {"add", "sub", "mul", "floordiv", "mod", "neg", "eq", "ne", "ge", "gt", "le", "lt"})
    handlers[std::string("_operator.") + name] = SymbolArithmetic;
  return handlers;
}

}  // namespace zerosweep
