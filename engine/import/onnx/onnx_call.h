// One node of an ONNX file while it is lowered: its inputs as values of the draft, its attributes.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/import/draft.h"
#include "engine/import/onnx/onnx_file.h"

namespace zerosweep {

class OnnxCall {
 public:
  // All must outlive the call. `inputs`: nothing for an absent optional one.
  OnnxCall(GraphDraft& draft, const OnnxNode& node, NodeOrigin at, int64_t opset,
           std::vector<std::optional<DraftValue>> inputs)
      : draft(draft), at(std::move(at)), opset(opset), node_(node), inputs_(std::move(inputs)) {}

  GraphDraft& draft;
  const NodeOrigin at;
  const int64_t opset;

  const std::string& op() const { return node_.op; }
  const OnnxNode& node() const { return node_; }
  size_t inputs() const { return inputs_.size(); }
  size_t outputs() const { return node_.outputs.size(); }

  // Whether the optional input is there.
  bool Has(size_t input) const { return input < inputs_.size() && inputs_[input].has_value(); }
  // Those below refuse the node when the input is absent, or is no constant where it must be.
  const DraftValue& In(size_t input) const;
  const torch::Tensor& Constant(size_t input, const char* what) const;
  // A constant list of whole numbers, or one number.
  std::vector<int64_t> Whole(size_t input, const char* what) const;
  double Real(size_t input, const char* what) const;
  // All inputs that are there.
  std::vector<DraftValue> All() const;
  bool AllConstant() const;

  // Attributes, or what stands for an absent one. They refuse the node when the type is another.
  int64_t Int(const char* name, int64_t fallback) const;
  double Float(const char* name, double fallback) const;
  std::string Text(const char* name, const char* fallback) const;
  std::optional<std::vector<int64_t>> Ints(const char* name) const;
  const OnnxAttribute* Attribute(const char* name) const;
  bool HasAttribute(const char* name) const { return node_.attributes.contains(name); }
  // Attributes that mean nothing to inference.
  void Ignore(std::initializer_list<const char*> names) const {
    read_.insert(names.begin(), names.end());
  }
  // Refuses an attribute that is none of those that were asked for: it might change the result.
  void RequireAllRead() const;

  // What was an attribute and became an input: the attribute, else the input, else nothing.
  std::optional<std::vector<int64_t>> IntsOrInput(const char* name, size_t input) const;

  // The dimension counted from the front; `rank` itself is allowed where `past_end`.
  int64_t Dimension(int64_t dim, int64_t rank, bool past_end = false) const;

  template <typename... Args>
  [[noreturn]] void Refuse(fmt::format_string<Args...> why, Args&&... args) const {
    draft.Refuse(at, fmt::format(why, std::forward<Args>(args)...));
  }

 private:
  const OnnxNode& node_;
  std::vector<std::optional<DraftValue>> inputs_;
  mutable std::set<std::string> read_;
};

}  // namespace zerosweep
