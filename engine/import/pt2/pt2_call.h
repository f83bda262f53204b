// One node of a .pt2 program with its arguments: what the lowering of an operator sees.
#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/import/draft.h"
#include "engine/import/pt2/pt2_file.h"

namespace zerosweep {

// Where x > above.
struct Pt2Mask {
  DraftValue x;
  double above = 0;
};

// What the operators of a program share.
struct Pt2Context {
  GraphDraft& draft;
  std::map<std::string, DraftValue> values;  // by name in the program
  std::map<std::string, Pt2Mask> masks;      // those that are comparisons
  // Values that only repeat another one, which broadcasting operators read in their place.
  std::map<Value, DraftValue> expanded;
  // Values that are another value times a constant.
  std::map<Value, std::pair<Value, torch::Tensor>> products;
  std::map<Value, DraftValue> exponentials, softpluses;  // of other values
  // Values that are another one, but at least this large.
  std::map<Value, std::pair<DraftValue, double>> raised;
  // Parts of values by dimension and sizes, which decomposed programs take once for each part.
  std::map<std::tuple<Value, int64_t, std::vector<int64_t>>, std::vector<DraftValue>> parts;
};

class Pt2Call {
 public:
  // All must outlive the call.
  Pt2Call(Pt2Context& context, const Pt2Node& node, NodeOrigin at)
      : context_(context), node_(node), at_(std::move(at)) {}

  Pt2Context& context() const { return context_; }
  GraphDraft& draft() const { return context_.draft; }
  const NodeOrigin& at() const { return at_; }
  std::string output() const { return node_.outputs.empty() ? "" : node_.outputs[0]; }

  // Arguments by the name that ATen's schema gives them. An absent one has the default; without a
  // default it is refused, as is one of another kind.
  bool Has(const char* name) const;  // and is not None
  // A number is a constant without dimensions.
  DraftValue Tensor(const char* name) const;
  std::vector<DraftValue> Tensors(const char* name) const;
  // The same, without values for None.
  std::vector<std::optional<DraftValue>> MaybeTensors(const char* name) const;
  // The constant, or an undefined tensor.
  torch::Tensor Parameter(const char* name) const;
  // The comparison that this argument is, if it is one.
  const Pt2Mask* Mask(const char* name) const;
  int64_t Int(const char* name, std::optional<int64_t> otherwise = {}) const;
  double Real(const char* name, std::optional<double> otherwise = {}) const;
  bool Flag(const char* name, std::optional<bool> otherwise = {}) const;
  std::string Text(const char* name, const char* otherwise) const;
  std::vector<int64_t> Ints(const char* name,
                            std::optional<std::vector<int64_t>> otherwise = {}) const;
  std::vector<double> Reals(const char* name) const;
  // One number for both dimensions, or one each.
  IntPair Two(const char* name, const IntPair& otherwise) const;
  // A dimension of `x`, counted from the front.
  int64_t Dim(const char* name, const DraftValue& x, std::optional<int64_t> otherwise = {}) const;

  // Refuses a shape of more values than a tensor of a network has.
  void CheckSize(const std::vector<int64_t>& shape) const;

  // A draft's operator at this node.
  DraftValue Apply(Op op, const std::vector<DraftValue>& inputs, Json attributes = Json::object(),
                   ParameterMap parameters = {}) const {
    return draft().Apply(at_, op, inputs, std::move(attributes), std::move(parameters));
  }
  DraftValue Reshape(const DraftValue& x, std::vector<int64_t> shape) const {
    return draft().Reshape(at_, x, std::move(shape));
  }
  [[noreturn]] void Refuse(const std::string& why) const { draft().Refuse(at_, why); }

 private:
  const Pt2Argument* Find(const char* name) const;
  const Json* Literal(const char* name) const;  // null if absent
  DraftValue Named(const Pt2Name& name) const;
  int64_t Whole(const Pt2Item& item, const char* name) const;
  double Number(const Pt2Item& item, const char* name) const;
  std::vector<Pt2Item> Items(const char* name) const;
  [[noreturn]] void RefuseArgument(const char* name) const;

  Pt2Context& context_;
  const Pt2Node& node_;
  NodeOrigin at_;
};

// Computes one operator; returns its outputs, or the first few of which the others are not
// supported.
using Pt2Handler = std::vector<DraftValue> (*)(const Pt2Call& call);
// By the name of ATen without overload and without the underscore of changes in place.
using Pt2Handlers = std::map<std::string, Pt2Handler>;

Pt2Handlers Pt2Layers();      // convolutions, linear layers, norms, pools, attention
Pt2Handlers Pt2Shapes();      // what moves values
Pt2Handlers Pt2Indices();     // what picks values by constant indices
Pt2Handlers Pt2Arithmetic();  // activations, operands, reductions
Pt2Handlers Pt2Constants();   // numbers and tensors that the program makes, arithmetic of shapes

}  // namespace zerosweep
