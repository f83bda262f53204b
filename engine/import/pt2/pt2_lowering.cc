#include "engine/import/pt2/pt2_lowering.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "engine/graph/operators.h"
#include "engine/import/pt2/pt2_call.h"

namespace zerosweep {
namespace {

constexpr std::string_view kAten = "torch.ops.aten.", kTorchOps = "torch.ops.";

const Pt2Handlers& AllHandlers() {
  static const Pt2Handlers handlers = [] {
    Pt2Handlers all;
    for (const Pt2Handlers& some :
         {Pt2Layers(), Pt2Shapes(), Pt2Indices(), Pt2Arithmetic(), Pt2Constants()})
      all.insert(some.begin(), some.end());
    return all;
  }();
  return handlers;
}

// The operator of a target: "conv2d" of "torch.ops.aten.conv2d.default", "relu", in place, of
// "torch.ops.aten.relu_.default".
struct Target {
  std::string name;
  bool in_place = false;
};

Target TargetOf(std::string_view target) {
  if (!target.starts_with(kAten)) return {std::string(target)};
  target.remove_prefix(kAten.size());
  target = target.substr(0, target.find('.'));
  const bool in_place = target.ends_with('_') && !target.starts_with("__");
  if (in_place) target.remove_suffix(1);
  return {std::string(target), in_place};
}

// Whether the output shares its memory with the input, as far as a change in place matters.
bool SharesMemory(const std::string& name) {
  constexpr std::array kViews = {"view",
                                 "reshape",
                                 "_unsafe_view",
                                 "_reshape_alias",
                                 "view_as",
                                 "reshape_as",
                                 "flatten",
                                 "unflatten",
                                 "unsqueeze",
                                 "squeeze",
                                 "permute",
                                 "transpose",
                                 "swapaxes",
                                 "swapdims",
                                 "t",
                                 "slice",
                                 "narrow",
                                 "select",
                                 "chunk",
                                 "split",
                                 "unbind",
                                 "split_with_sizes",
                                 "expand",
                                 "expand_as",
                                 "contiguous",
                                 "alias",
                                 "detach",
                                 "dropout",
                                 "to",
                                 "positive"};
  return std::any_of(kViews.begin(), kViews.end(), [&](const char* view) { return name == view; });
}

// Which values share memory, so that a change in place of one is seen in others. torch.export lets
// later readers of the changed value read the operator's output; those of its views would read what
// was there before.
class Memory {
 public:
  // `output` is a new tensor, or a view of `input`.
  void Add(const std::string& output) { places_[output] = {next_++, 0}; }
  void AddView(const std::string& output, const std::string& input) {
    const auto found = places_.find(input);
    if (found == places_.end()) return Add(output);
    places_[output] = found->second;
  }
  // An operator changes `input`, and the result is called `output`.
  void Change(const std::string& output, const std::string& input) {
    const auto found = places_.find(input);
    if (found == places_.end()) return Add(output);
    const int memory = found->second.memory;
    found->second.version = ++versions_[memory];
    places_[output] = found->second;
  }
  bool IsStale(const std::string& value) const {
    const auto found = places_.find(value);
    if (found == places_.end()) return false;
    const auto version = versions_.find(found->second.memory);
    return version != versions_.end() && version->second != found->second.version;
  }

 private:
  struct Place {
    int memory = 0, version = 0;
  };
  std::map<std::string, Place> places_;
  std::map<int, int> versions_;
  int next_ = 0;
};

std::vector<std::string> NamesIn(const Pt2Argument& argument) {
  std::vector<std::string> names;
  if (const auto* name = std::get_if<Pt2Name>(&argument.value)) names.push_back(name->name);
  if (const auto* list = std::get_if<std::vector<Pt2Item>>(&argument.value)) {
    for (const Pt2Item& item : *list)
      if (const auto* name = std::get_if<Pt2Name>(&item)) names.push_back(name->name);
  }
  return names;
}

class Lowering {
 public:
  Lowering(const Pt2Program& program, GraphDraft& draft)
      : program_(program), draft_(draft), context_{.draft = draft} {
    context_.values[program.inputs[0].name] = draft.Input();
    memory_.Add(program.inputs[0].name);
    for (const auto& [name, weight] : program.weights) {
      torch::Tensor tensor = weight.tensor;
      // The steps of a half would round constants that are computed from it.
      if (tensor.is_floating_point() && tensor.element_size() < 4)
        tensor = tensor.to(torch::kFloat32);
      context_.values[name] = GraphDraft::Constant(std::move(tensor));
      memory_.Add(name);
    }
  }

  ImportedNetwork Run() {
    for (const Pt2Node& node : program_.nodes) Lower(node);
    std::vector<std::pair<std::string, DraftValue>> outputs;
    for (const std::string& name : program_.outputs) {
      const auto found = context_.values.find(name);
      if (found == context_.values.end())
        Fail(ErrorKind::kUsage, "{} is corrupt: nothing makes its output '{}'", draft_.origin(),
             name);
      if (memory_.IsStale(name)) RefuseStale({.name = name, .op = "output"}, name);
      outputs.emplace_back(name, found->second);
    }
    return draft_.Finish(outputs);
  }

 private:
  void Lower(const Pt2Node& node) {
    const Target target = TargetOf(node.target);
    const NodeOrigin at = OriginOf(node, target);
    const Pt2Call call(context_, node, at);
    std::string first;  // the tensor that it reads
    for (const Pt2Argument& argument : node.arguments) {
      for (const std::string& name : NamesIn(argument)) {
        if (memory_.IsStale(name)) RefuseStale(at, name);
        if (first.empty()) first = name;
      }
    }
    const std::vector<DraftValue> results = Results(call, target);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const std::string& output = node.outputs[i];
      if (output.empty()) continue;
      const bool changes = target.in_place && i == 0 && !IsUnchanged(first, results);
      if (i < results.size()) context_.values[output] = results[i];
      if (changes) {
        memory_.Change(output, first);
        if (i < results.size()) context_.values[first] = results[i];
      } else if (target.in_place || SharesMemory(target.name)) {
        memory_.AddView(output, first);
      } else {
        memory_.Add(output);
      }
    }
  }

  // Whether an operator in place did nothing, as a dropout.
  bool IsUnchanged(const std::string& name, const std::vector<DraftValue>& results) const {
    const auto before = context_.values.find(name);
    return before != context_.values.end() && !results.empty() && !results[0].constant() &&
           before->second.value == results[0].value;
  }

  std::vector<DraftValue> Results(const Pt2Call& call, const Target& target) {
    const auto handler = AllHandlers().find(target.name);
    if (handler != AllHandlers().end()) {
      try {
        return handler->second(call);
      } catch (const c10::Error& error) {
        const std::string message = error.what_without_backtrace();
        call.Refuse(message.substr(0, message.find('\n')));
      }
    }
    for (const Operator& one : Operators()) {
      if (one.aten != nullptr && one.aten == target.name && one.most_inputs == 1)
        return {call.Apply(one.op, {call.Tensor("self")})};
    }
    call.Refuse("it is not supported");
  }

  [[noreturn]] void RefuseStale(const NodeOrigin& at, const std::string& name) const {
    draft_.Refuse(at, fmt::format("it reads '{}', of which an earlier operator changes a part in "
                                  "place: save the program after .run_decompositions()",
                                  name));
  }

  // The node is called as the module of torch.nn that ran it, or as that of its weight, or as the
  // operator in another module.
  NodeOrigin OriginOf(const Pt2Node& node, const Target& target) const {
    NodeOrigin at{.name = node.name, .op = node.target, .line = node.line};
    if (at.op.starts_with(kTorchOps)) at.op.erase(0, kTorchOps.size());
    const std::string& module = node.module.path;
    const std::string owner = OwnerOfWeight(node);
    if (!module.empty()) at.name = node.module.of_torch ? module : module + "." + target.name;
    if (!owner.empty() && (module.empty() || !node.module.of_torch)) at.name = owner;
    return at;
  }

  // "layer1.0" of the parameter "layer1.0.weight"; empty without one.
  std::string OwnerOfWeight(const Pt2Node& node) const {
    for (const Pt2Argument& argument : node.arguments) {
      const auto* name = std::get_if<Pt2Name>(&argument.value);
      if (argument.name != "weight" || name == nullptr) continue;
      const auto weight = program_.weights.find(name->name);
      if (weight == program_.weights.end()) continue;
      const size_t dot = weight->second.key.rfind('.');
      if (dot != std::string::npos) return weight->second.key.substr(0, dot);
    }
    return {};
  }

  const Pt2Program& program_;
  GraphDraft& draft_;
  Pt2Context context_;
  Memory memory_;
};

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t size : shape)
    text += (text.empty() ? "" : "x") + (size < 0 ? std::string("?") : std::to_string(size));
  return text;
}

// The shape of one image.
std::vector<int64_t> ImageShape(const Pt2Input& input, const std::string& origin,
                                const std::vector<int64_t>& wanted) {
  if (input.shape.size() != 4)
    Fail(ErrorKind::kUsage,
         "{}: its input '{}' is {}, must be a batch of images: N × channels × height × width",
         origin, input.name, ShapeText(input.shape));
  std::vector<int64_t> shape(input.shape.begin() + 1, input.shape.end());
  if (!wanted.empty()) {
    bool fits = wanted.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i)
      fits = wanted[i] > 0 && (shape[i] < 0 || shape[i] == wanted[i]);
    if (!fits)
      Fail(ErrorKind::kUsage, "{}: it takes images of {}, not of {}: export it for that size",
           origin, ShapeText(shape), ShapeText(wanted));
    return wanted;
  }
  if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 0; }))
    Fail(ErrorKind::kUsage, "{}: it takes images of {}: say which with --input-shape 3x224x224",
         origin, ShapeText(shape));
  return shape;
}

}  // namespace

ImportedNetwork LowerPt2(const Pt2Program& program, const std::string& origin,
                         const std::vector<int64_t>& input_shape) {
  if (program.inputs.size() != 1)
    Fail(ErrorKind::kUsage, "{}: it has {} inputs; a network of one batch of images is supported",
         origin, program.inputs.size());
  const Pt2Input& input = program.inputs[0];
  if (!c10::isFloatingType(input.type))
    Fail(ErrorKind::kUsage, "{}: its input '{}' holds {}, must hold float32", origin, input.name,
         c10::toString(input.type));
  constexpr int64_t kSampleOfFreeBatch = 2;
  const std::vector<int64_t> shape = ImageShape(input, origin, input_shape);
  GraphDraft draft(shape, input.shape[0] < 0 ? kSampleOfFreeBatch : input.shape[0], origin);
  return Lowering(program, draft).Run();
}

ImportedNetwork ReadPt2(const std::filesystem::path& path,
                        const std::vector<int64_t>& input_shape) {
  const Pt2Program program = ReadPt2File(path);
  ImportedNetwork network = LowerPt2(program, path.string(), input_shape);
  network.format =
      "torch.export, by PyTorch " + FirstColumns(ShownBytes(program.torch_version), 60);
  return network;
}

}  // namespace zerosweep
