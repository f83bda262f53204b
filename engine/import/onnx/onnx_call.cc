#include "engine/import/onnx/onnx_call.h"

#include "engine/import/names.h"

namespace zerosweep {

const DraftValue& OnnxCall::In(size_t input) const {
  if (!Has(input)) Refuse("its input {} is absent", input);
  return *inputs_[input];
}

const torch::Tensor& OnnxCall::Constant(size_t input, const char* what) const {
  return draft.RequireConstant(at, In(input), what);
}

std::vector<int64_t> OnnxCall::Whole(size_t input, const char* what) const {
  const torch::Tensor& tensor = Constant(input, what);
  if (tensor.is_floating_point() || tensor.dim() > 1) {
    Refuse("its {} must be a list of whole numbers", what);
  }
  const torch::Tensor flat = tensor.to(torch::kInt64).reshape({-1}).contiguous();
  const auto* values = flat.const_data_ptr<int64_t>();
  return {values, values + flat.numel()};
}

double OnnxCall::Real(size_t input, const char* what) const {
  const torch::Tensor& tensor = Constant(input, what);
  if (tensor.numel() != 1) Refuse("its {} must be one number", what);
  return tensor.to(torch::kFloat64).item<double>();
}

std::vector<DraftValue> OnnxCall::All() const {
  std::vector<DraftValue> all;
  for (const auto& input : inputs_)
    if (input) all.push_back(*input);
  return all;
}

bool OnnxCall::AllConstant() const {
  for (const auto& input : inputs_)
    if (input && !input->constant()) return false;
  return true;
}

const OnnxAttribute* OnnxCall::Attribute(const char* name) const {
  read_.insert(name);
  const auto found = node_.attributes.find(name);
  return found == node_.attributes.end() ? nullptr : &found->second;
}

namespace {

template <typename T>
const T* AttributeOf(const OnnxCall& call, const char* name) {
  const OnnxAttribute* attribute = call.Attribute(name);
  if (attribute == nullptr) return nullptr;
  const T* value = std::get_if<T>(attribute);
  if (value == nullptr) call.Refuse("its attribute '{}' is of a wrong type", name);
  return value;
}

}  // namespace

int64_t OnnxCall::Int(const char* name, int64_t fallback) const {
  const auto* value = AttributeOf<int64_t>(*this, name);
  return value == nullptr ? fallback : *value;
}

double OnnxCall::Float(const char* name, double fallback) const {
  const auto* value = AttributeOf<float>(*this, name);
  return value == nullptr ? fallback : *value;
}

std::string OnnxCall::Text(const char* name, const char* fallback) const {
  const auto* value = AttributeOf<std::string>(*this, name);
  return value == nullptr ? fallback : *value;
}

std::optional<std::vector<int64_t>> OnnxCall::Ints(const char* name) const {
  const auto* value = AttributeOf<std::vector<int64_t>>(*this, name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

void OnnxCall::RequireAllRead() const {
  for (const auto& [name, value] : node_.attributes) {
    if (!read_.contains(name)) Refuse("its attribute '{}' is unknown", ShownName(name));
  }
}

std::optional<std::vector<int64_t>> OnnxCall::IntsOrInput(const char* name, size_t input) const {
  if (std::optional<std::vector<int64_t>> given = Ints(name)) return given;
  if (!Has(input)) return std::nullopt;
  return Whole(input, name);
}

int64_t OnnxCall::Dimension(int64_t dim, int64_t rank, bool past_end) const {
  const int64_t from_front = dim < 0 ? dim + rank : dim;
  if (from_front < 0 || from_front > rank || (from_front == rank && !past_end)) {
    Refuse("it names dimension {} of a tensor of {}", dim, rank);
  }
  return from_front;
}

}  // namespace zerosweep
