#include "engine/import/pt2/pt2_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zerosweep {

const Pt2Argument* Pt2Call::Find(const char* name) const {
  const auto found = std::find_if(node_.arguments.begin(), node_.arguments.end(),
                                  [&](const Pt2Argument& one) { return one.name == name; });
  if (found == node_.arguments.end()) return nullptr;
  const auto* literal = std::get_if<Json>(&found->value);
  return literal != nullptr && literal->is_null() ? nullptr : &*found;
}

bool Pt2Call::Has(const char* name) const { return Find(name) != nullptr; }

void Pt2Call::RefuseArgument(const char* name) const {
  Refuse(Has(name) ? fmt::format("its argument '{}' is of another kind than expected", name)
                   : fmt::format("its argument '{}' is missing", name));
}

const Json* Pt2Call::Literal(const char* name) const {
  const Pt2Argument* argument = Find(name);
  if (argument == nullptr) return nullptr;
  const auto* literal = std::get_if<Json>(&argument->value);
  if (literal == nullptr) RefuseArgument(name);
  return literal;
}

DraftValue Pt2Call::Named(const Pt2Name& name) const {
  if (context_.masks.contains(name.name))
    Refuse(fmt::format("it reads the comparison '{}', which is not supported", name.name));
  const auto found = context_.values.find(name.name);
  if (found == context_.values.end())
    Refuse(fmt::format("it reads '{}', which nothing makes", name.name));
  return found->second;
}

DraftValue Pt2Call::Tensor(const char* name) const {
  const Pt2Argument* argument = Find(name);
  if (argument == nullptr) RefuseArgument(name);
  if (const auto* named = std::get_if<Pt2Name>(&argument->value)) return Named(*named);
  const auto* literal = std::get_if<Json>(&argument->value);
  if (literal == nullptr || !(literal->is_number() || literal->is_boolean())) RefuseArgument(name);
  if (literal->is_number_float())
    return GraphDraft::Constant(torch::tensor(literal->get<double>(), torch::kFloat64));
  if (literal->is_boolean()) return GraphDraft::Constant(torch::tensor(literal->get<bool>()));
  return GraphDraft::Constant(torch::tensor(literal->get<int64_t>()));
}

std::vector<std::optional<DraftValue>> Pt2Call::MaybeTensors(const char* name) const {
  std::vector<std::optional<DraftValue>> tensors;
  for (const Pt2Item& item : Items(name)) {
    const auto* named = std::get_if<Pt2Name>(&item);
    if (named == nullptr && !std::get<Json>(item).is_null()) RefuseArgument(name);
    tensors.push_back(named == nullptr ? std::nullopt : std::optional(Named(*named)));
  }
  return tensors;
}

std::vector<DraftValue> Pt2Call::Tensors(const char* name) const {
  std::vector<DraftValue> tensors;
  for (const std::optional<DraftValue>& tensor : MaybeTensors(name)) {
    if (!tensor) RefuseArgument(name);
    tensors.push_back(*tensor);
  }
  return tensors;
}

torch::Tensor Pt2Call::Parameter(const char* name) const {
  if (!Has(name)) return {};
  return draft().RequireConstant(at_, Tensor(name), name);
}

const Pt2Mask* Pt2Call::Mask(const char* name) const {
  const Pt2Argument* argument = Find(name);
  const auto* named = argument == nullptr ? nullptr : std::get_if<Pt2Name>(&argument->value);
  if (named == nullptr) return nullptr;
  const auto found = context_.masks.find(named->name);
  return found == context_.masks.end() ? nullptr : &found->second;
}

double Pt2Call::Number(const Pt2Item& item, const char* name) const {
  if (const auto* named = std::get_if<Pt2Name>(&item)) {
    const DraftValue value = Named(*named);
    if (!value.constant() || value.tensor.numel() != 1) RefuseArgument(name);
    return value.tensor.item<double>();
  }
  const Json& literal = std::get<Json>(item);
  if (!literal.is_number() && !literal.is_boolean()) RefuseArgument(name);
  return literal.is_boolean() ? static_cast<double>(literal.get<bool>()) : literal.get<double>();
}

int64_t Pt2Call::Whole(const Pt2Item& item, const char* name) const {
  const auto* literal = std::get_if<Json>(&item);
  if (literal != nullptr && literal->is_number_integer()) return literal->get<int64_t>();
  const double number = Number(item, name);
  constexpr double kLargest = 1e15;  // a double holds these exactly
  if (!(std::abs(number) <= kLargest) || number != std::floor(number)) RefuseArgument(name);
  return static_cast<int64_t>(number);
}

std::vector<Pt2Item> Pt2Call::Items(const char* name) const {
  const Pt2Argument* argument = Find(name);
  if (argument == nullptr) RefuseArgument(name);
  if (const auto* list = std::get_if<std::vector<Pt2Item>>(&argument->value)) return *list;
  if (const auto* named = std::get_if<Pt2Name>(&argument->value)) return {*named};
  const auto* literal = std::get_if<Json>(&argument->value);
  if (literal == nullptr) RefuseArgument(name);
  if (!literal->is_array()) return {*literal};
  return {literal->begin(), literal->end()};
}

int64_t Pt2Call::Int(const char* name, std::optional<int64_t> otherwise) const {
  if (!Has(name) && otherwise) return *otherwise;
  const std::vector<Pt2Item> items = Items(name);
  if (items.size() != 1) RefuseArgument(name);
  return Whole(items[0], name);
}

double Pt2Call::Real(const char* name, std::optional<double> otherwise) const {
  if (!Has(name) && otherwise) return *otherwise;
  const std::vector<Pt2Item> items = Items(name);
  if (items.size() != 1) RefuseArgument(name);
  const double number = Number(items[0], name);
  if (std::isnan(number)) Refuse(fmt::format("its argument '{}' is no number", name));
  return number;
}

bool Pt2Call::Flag(const char* name, std::optional<bool> otherwise) const {
  const Json* literal = Literal(name);
  if (literal == nullptr && otherwise) return *otherwise;
  if (literal == nullptr || !literal->is_boolean()) RefuseArgument(name);
  return literal->get<bool>();
}

std::string Pt2Call::Text(const char* name, const char* otherwise) const {
  const Json* literal = Literal(name);
  if (literal == nullptr) return otherwise;
  if (!literal->is_string()) RefuseArgument(name);
  return literal->get<std::string>();
}

std::vector<int64_t> Pt2Call::Ints(const char* name,
                                   std::optional<std::vector<int64_t>> otherwise) const {
  if (!Has(name) && otherwise) return *otherwise;
  std::vector<int64_t> numbers;
  for (const Pt2Item& item : Items(name)) numbers.push_back(Whole(item, name));
  return numbers;
}

std::vector<double> Pt2Call::Reals(const char* name) const {
  std::vector<double> numbers;
  for (const Pt2Item& item : Items(name)) numbers.push_back(Number(item, name));
  return numbers;
}

IntPair Pt2Call::Two(const char* name, const IntPair& otherwise) const {
  const std::vector<int64_t> numbers = Ints(name, std::vector<int64_t>{});
  if (numbers.empty()) return otherwise;
  if (numbers.size() > 2) RefuseArgument(name);
  constexpr int64_t kMost = 1 << 24;  // so that no sum of sizes overflows
  for (const int64_t number : numbers)
    if (number < -kMost || number > kMost) Refuse(fmt::format("its '{}' is out of range", name));
  return {numbers.front(), numbers.back()};
}

int64_t Pt2Call::Dim(const char* name, const DraftValue& x,
                     std::optional<int64_t> otherwise) const {
  const int64_t dim = Int(name, otherwise), rank = x.tensor.dim();
  if (dim < -rank || dim >= rank)
    Refuse(fmt::format("dimension {} of a tensor of {} dimensions", dim, rank));
  return dim < 0 ? dim + rank : dim;
}

void Pt2Call::CheckSize(const std::vector<int64_t>& shape) const {
  constexpr int64_t kMost = int64_t{1} << 28;
  int64_t values = 1;
  for (const int64_t size : shape) {
    if (size < 0 || (size > 0 && values > kMost / size))
      Refuse("it makes a tensor of an impossible size");
    values *= size;
  }
}

}  // namespace zerosweep
