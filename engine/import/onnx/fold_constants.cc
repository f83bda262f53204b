#include "engine/import/onnx/fold_constants.h"

#include <ATen/ExpandUtils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

namespace zerosweep {
namespace {

using Sizes = std::vector<int64_t>;

constexpr uint64_t kElementBytes = 8;  // at most

bool IsWholeType(const torch::Tensor& tensor) { return !tensor.is_floating_point(); }

// Processors stop at these divisions.
void CheckDivision(const torch::Tensor& a, const torch::Tensor& b, const OnnxCall& call) {
  const torch::Tensor wide = a.to(torch::kInt64);
  const auto least = [&](int64_t value) { return (wide == value).any().item<bool>(); };
  if ((b == 0).any().item<bool>()) call.Refuse("it divides by zero");
  if (least(std::numeric_limits<int64_t>::min()) || least(std::numeric_limits<int32_t>::min())) {
    call.Refuse("it divides the least number of its type");
  }
}

// ONNX divides whole numbers towards zero.
torch::Tensor Divided(const torch::Tensor& a, const torch::Tensor& b, const OnnxCall& call) {
  if (!IsWholeType(a)) return a / b;
  CheckDivision(a, b, call);
  return torch::div(a, b, "trunc");
}

torch::Tensor Remainder(const torch::Tensor& a, const torch::Tensor& b, const OnnxCall& call) {
  if (IsWholeType(a)) CheckDivision(a, b, call);
  return call.Int("fmod", 0) != 0 ? torch::fmod(a, b) : torch::remainder(a, b);
}

torch::Tensor BinaryOf(const OnnxCall& call, const torch::Tensor& a, const torch::Tensor& b) {
  const std::string& op = call.op();
  if (op == "Add" || op == "Sum") return a + b;
  if (op == "Sub") return a - b;
  if (op == "Mul") return a * b;
  if (op == "Div") return Divided(a, b, call);
  if (op == "Mod") return Remainder(a, b, call);
  if (op == "Pow") return torch::pow(a, b).to(a.scalar_type());
  if (op == "Min") return torch::minimum(a, b);
  if (op == "Max") return torch::maximum(a, b);
  if (op == "Equal") return a == b;
  if (op == "Greater") return a > b;
  if (op == "GreaterOrEqual") return a >= b;
  if (op == "Less") return a < b;
  if (op == "LessOrEqual") return a <= b;
  if (op == "And") return torch::logical_and(a, b);
  return torch::logical_or(a, b);
}

bool IsBinary(const std::string& op) {
  static const std::set<std::string> kBinary = {"Add",
                                                "Sub",
                                                "Mul",
                                                "Div",
                                                "Mod",
                                                "Pow",
                                                "Min",
                                                "Max",
                                                "Equal",
                                                "Greater",
                                                "GreaterOrEqual",
                                                "Less",
                                                "LessOrEqual",
                                                "And",
                                                "Or",
                                                "Sum"};
  return kBinary.contains(op);
}

using UnaryFunction = torch::Tensor (*)(const torch::Tensor&);
UnaryFunction UnaryOf(const std::string& op) {
  static const std::map<std::string, UnaryFunction> kUnary = {
      {"Identity", [](const torch::Tensor& x) { return x; }},
      {"Neg", [](const torch::Tensor& x) { return -x; }},
      {"Abs", [](const torch::Tensor& x) { return x.abs(); }},
      {"Floor", [](const torch::Tensor& x) { return x.floor(); }},
      {"Ceil", [](const torch::Tensor& x) { return x.ceil(); }},
      {"Sqrt", [](const torch::Tensor& x) { return x.sqrt(); }},
      {"Exp", [](const torch::Tensor& x) { return x.exp(); }},
      {"Log", [](const torch::Tensor& x) { return x.log(); }},
      {"Reciprocal", [](const torch::Tensor& x) { return x.reciprocal(); }},
      {"Not", [](const torch::Tensor& x) { return x.logical_not(); }},
  };
  const auto found = kUnary.find(op);
  return found == kUnary.end() ? nullptr : found->second;
}

Sizes ShapeRange(const OnnxCall& call) {
  const Sizes shape = call.In(0).tensor.sizes().vec();
  const auto rank = static_cast<int64_t>(shape.size());
  const auto clamped = [&](const char* name, int64_t fallback) {
    const int64_t given = call.Int(name, fallback);
    return std::clamp<int64_t>(given < 0 ? given + rank : given, 0, rank);
  };
  const int64_t start = clamped("start", 0), end = clamped("end", rank);
  return start >= end ? Sizes() : Sizes(shape.begin() + start, shape.begin() + end);
}

}  // namespace

Sizes ConstantFolder::Fitting(const OnnxCall& call, Sizes shape) const {
  uint64_t bytes = kElementBytes;
  for (const int64_t size : shape) {
    const auto factor = static_cast<uint64_t>(std::max<int64_t>(size, 1));
    if (size < 0 || bytes > room_ / factor) {
      call.Refuse("it makes a constant of shape {}, more than the file has room for",
                  c10::str(torch::IntArrayRef(shape).slice(0, std::min<size_t>(8, shape.size()))));
    }
    bytes *= factor;
  }
  return shape;
}

void ConstantFolder::Take(const OnnxCall& call, const torch::Tensor& tensor) {
  Fitting(call, tensor.sizes().vec());
  room_ -= std::min<uint64_t>(room_, tensor.nbytes());
}

std::optional<std::vector<DraftValue>> ConstantFolder::Fold(const OnnxCall& call) {
  const std::string& op = call.op();
  if (op == "Shape") {
    return {{GraphDraft::Constant(torch::tensor(ShapeRange(call), torch::kInt64))}};
  }
  if (op == "Size") {
    return {{GraphDraft::Constant(torch::scalar_tensor(call.In(0).tensor.numel(), torch::kInt64))}};
  }
  if (!call.AllConstant()) return std::nullopt;
  const torch::Tensor folded = Compute(call);
  if (!folded.defined()) return std::nullopt;
  return {{GraphDraft::Constant(folded)}};
}

torch::Tensor ConstantFolder::Compute(const OnnxCall& call) {
  using Function = torch::Tensor (ConstantFolder::*)(const OnnxCall&);
  static const std::map<std::string, Function> kFunctions = {
      {"Where", &ConstantFolder::Where},       {"Gather", &ConstantFolder::Gather},
      {"Slice", &ConstantFolder::Sliced},      {"Concat", &ConstantFolder::Concat},
      {"Range", &ConstantFolder::Range},       {"ConstantOfShape", &ConstantFolder::Filled},
      {"Expand", &ConstantFolder::Expand},     {"Tile", &ConstantFolder::Tile},
      {"Cast", &ConstantFolder::Cast},         {"CastLike", &ConstantFolder::Cast},
      {"ReduceProd", &ConstantFolder::Product}};
  const std::string& op = call.op();
  if (IsBinary(op)) return Binary(call);
  if (const UnaryFunction unary = UnaryOf(op); unary != nullptr) {
    const torch::Tensor& x = call.In(0).tensor;
    Fitting(call, x.sizes().vec());
    // The other functions have no result for whole numbers.
    return IsWholeType(x) && op != "Identity" && op != "Neg" && op != "Abs" && op != "Not"
               ? torch::Tensor()
               : unary(x);
  }
  const auto found = kFunctions.find(op);
  return found == kFunctions.end() ? torch::Tensor() : (this->*found->second)(call);
}

torch::Tensor ConstantFolder::Binary(const OnnxCall& call) {
  torch::Tensor result = call.In(0).tensor;
  if (call.inputs() == 1) return result;
  for (size_t i = 1; i < call.inputs(); ++i) {
    const torch::Tensor& other = call.In(i).tensor;
    Fitting(call, at::infer_size(result.sizes(), other.sizes()));
    result = BinaryOf(call, result, other);
  }
  return result;
}

torch::Tensor ConstantFolder::Where(const OnnxCall& call) {
  const torch::Tensor &condition = call.In(0).tensor, &a = call.In(1).tensor,
                      &b = call.In(2).tensor;
  Fitting(call, at::infer_size(condition.sizes(), at::infer_size(a.sizes(), b.sizes())));
  return torch::where(condition.to(torch::kBool), a, b);
}

torch::Tensor ConstantFolder::Gather(const OnnxCall& call) {
  const torch::Tensor& x = call.In(0).tensor;
  const torch::Tensor indices = call.In(1).tensor.to(torch::kInt64);
  const int64_t dim = call.Dimension(call.Int("axis", 0), x.dim()), size = x.size(dim);
  if (((indices < -size) | (indices >= size)).any().item<bool>()) {
    call.Refuse("it reads beyond the {} entries of a constant", size);
  }
  Sizes shape = x.sizes().vec();
  shape.erase(shape.begin() + dim);
  const auto inner = indices.sizes();
  shape.insert(shape.begin() + dim, inner.begin(), inner.end());
  Fitting(call, shape);
  const torch::Tensor from_front = torch::where(indices < 0, indices + size, indices);
  return x.index_select(dim, from_front.reshape({-1})).reshape(shape);
}

torch::Tensor ConstantFolder::Sliced(const OnnxCall& call) {
  torch::Tensor x = call.In(0).tensor;
  for (const SliceRange& range : SliceRanges(call, x.sizes())) {
    if (range.step > 0) {
      x = x.slice(range.dim, range.start, range.end, range.step);
      continue;
    }
    // From start down to, but not including, end.
    const torch::Tensor indices =
        range.start > range.end ? torch::arange(range.start, range.end, range.step, torch::kInt64)
                                : torch::empty({0}, torch::kInt64);
    x = x.index_select(range.dim, indices);
  }
  return x;
}

torch::Tensor ConstantFolder::Concat(const OnnxCall& call) {
  std::vector<torch::Tensor> parts;
  for (const DraftValue& part : call.All()) parts.push_back(part.tensor);
  if (parts.empty()) call.Refuse("it has no input");
  const int64_t dim = call.Dimension(call.Int("axis", 1), parts[0].dim());
  Sizes shape = parts[0].sizes().vec();
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].dim() != parts[0].dim()) call.Refuse("its inputs have other dimensions");
    shape[static_cast<size_t>(dim)] += parts[i].size(dim);
  }
  Fitting(call, shape);
  return torch::cat(parts, dim);
}

torch::Tensor ConstantFolder::Range(const OnnxCall& call) {
  const double start = call.Real(0, "start"), limit = call.Real(1, "limit"),
               step = call.Real(2, "delta");
  const double count = std::ceil((limit - start) / step);
  if (!(std::abs(count) < 1e15)) call.Refuse("its range has no end");
  const int64_t size = std::max<int64_t>(0, static_cast<int64_t>(count));
  Fitting(call, {size});
  const torch::Tensor numbers = torch::arange(size, torch::kFloat64) * step + start;
  return numbers.to(call.In(0).tensor.scalar_type());
}

torch::Tensor ConstantFolder::Filled(const OnnxCall& call) {
  const Sizes shape = Fitting(call, call.Whole(0, "shape"));
  const OnnxAttribute* value = call.Attribute("value");
  if (value == nullptr) return torch::zeros(shape);
  const auto* tensor = std::get_if<torch::Tensor>(value);
  if (tensor == nullptr || tensor->numel() != 1) call.Refuse("its value must be one number");
  return tensor->reshape({}).expand(shape);
}

torch::Tensor ConstantFolder::Expand(const OnnxCall& call) {
  const torch::Tensor& x = call.In(0).tensor;
  const Sizes shape = Fitting(call, call.Whole(1, "shape"));
  return x.expand(Fitting(call, at::infer_size(x.sizes(), shape)));
}

torch::Tensor ConstantFolder::Tile(const OnnxCall& call) {
  const torch::Tensor& x = call.In(0).tensor;
  const Sizes repeats = call.Whole(1, "repeats");
  if (repeats.size() != static_cast<size_t>(x.dim())) call.Refuse("it needs a number a dimension");
  Sizes shape = x.sizes().vec();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i] < 0 || repeats[i] > int64_t{1} << 31 || shape[i] > int64_t{1} << 31) {
      call.Refuse("its repeats are impossible");
    }
    shape[i] *= repeats[i];
  }
  Fitting(call, shape);
  return x.repeat(repeats);
}

torch::Tensor ConstantFolder::Cast(const OnnxCall& call) {
  const torch::Tensor& x = call.In(0).tensor;
  Fitting(call, x.sizes().vec());
  call.Ignore({"saturate", "round_mode"});
  return x.to(call.op() == "Cast" ? CastType(call) : call.In(1).tensor.scalar_type());
}

torch::Tensor ConstantFolder::Product(const OnnxCall& call) {
  const torch::Tensor& x = call.In(0).tensor;
  const auto dims = call.IntsOrInput("axes", 1);
  const bool keeps = call.Int("keepdims", 1) != 0;
  call.Ignore({"noop_with_empty_axes"});
  if (!dims || (x.dim() == 1 && dims->size() == 1)) {
    return keeps ? x.prod().reshape(Sizes(static_cast<size_t>(x.dim()), 1)) : x.prod();
  }
  return {};
}

std::vector<SliceRange> SliceRanges(const OnnxCall& call, torch::IntArrayRef shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  const auto starts = call.IntsOrInput("starts", 1), ends = call.IntsOrInput("ends", 2);
  std::optional<Sizes> axes = call.IntsOrInput("axes", 3);
  if (!starts || !ends || starts->size() != ends->size()) call.Refuse("it has no range");
  if (!axes) {
    axes.emplace(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  const Sizes steps = call.Has(4) ? call.Whole(4, "steps") : Sizes(starts->size(), 1);
  if (axes->size() != starts->size() || steps.size() != starts->size()) {
    call.Refuse("its ranges differ in number");
  }
  std::vector<SliceRange> ranges;
  for (size_t i = 0; i < starts->size(); ++i) {
    SliceRange range{.dim = call.Dimension((*axes)[i], rank), .step = steps[i]};
    const int64_t size = shape[static_cast<size_t>(range.dim)];
    if (range.step == 0 || range.step == INT64_MIN) call.Refuse("its step is zero");
    if (size == 0) {
      ranges.push_back({.dim = range.dim});
      continue;
    }
    const bool down = range.step < 0;
    const auto clamped = [&](int64_t at, int64_t low, int64_t high) {
      return std::clamp(at < 0 ? at + size : at, low, high);
    };
    range.start = clamped((*starts)[i], 0, down ? size - 1 : size);
    // Down to the first entry, the end lies before it.
    range.end = clamped((*ends)[i], down ? -1 : 0, size);
    if (!down) range.end = std::max(range.start, range.end);
    ranges.push_back(range);
  }
  return ranges;
}

torch::ScalarType CastType(const OnnxCall& call) {
  const int64_t to = call.Int("to", 0);
  switch (to) {  // TensorProto.DataType
    case 1:
      return torch::kFloat32;
    case 2:
      return torch::kUInt8;
    case 3:
      return torch::kInt8;
    case 5:
      return torch::kInt16;
    case 6:
      return torch::kInt32;
    case 7:
      return torch::kInt64;
    case 9:
      return torch::kBool;
    case 10:
      return torch::kFloat16;
    case 11:
      return torch::kFloat64;
    case 16:
      return torch::kBFloat16;
    default:
      call.Refuse("it casts to a type that is not read ({})", to);
  }
}

}  // namespace zerosweep
