#include "engine/import/onnx/onnx_lowering.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "engine/import/input_file.h"
#include "engine/import/onnx/fold_constants.h"
#include "engine/import/onnx/lowerings.h"
#include "engine/import/names.h"
#include "engine/import/onnx/node_names.h"
#include "engine/import/onnx/onnx_file.h"

namespace zerosweep {
namespace {

constexpr size_t kMostNameBytes = 300;
constexpr int64_t kFreeBatch = 2;  // of the sample, where the file leaves it open

// Why some operators are not supported.
struct Reason {
  const char* op;
  const char* why;
};
constexpr Reason kReasons[] = {
    {"QuantizeLinear", "the network is already quantized: import the one before"},
    {"DequantizeLinear", "the network is already quantized: import the one before"},
    {"QLinearConv", "the network is already quantized: import the one before"},
    {"ConvInteger", "the network is already quantized: import the one before"},
    {"LSTM", "recurrent networks are not supported"},
    {"GRU", "recurrent networks are not supported"},
};

std::map<std::string, LoweringRow> AllLowerings() {
  std::map<std::string, LoweringRow> all;
  for (const auto* rows : {&LayerLowerings(), &ValueLowerings(), &MovementLowerings()})
    for (const LoweringRow& row : *rows) all.emplace(row.op, row);
  return all;
}

// The operator of the graph that ONNX calls so, with the same inputs and no attributes.
const Operator* SameOperator(const std::string& op) {
  for (const Operator& one : Operators())
    if (one.onnx != nullptr && op == one.onnx) return &one;
  return nullptr;
}

uint64_t BytesOf(const std::map<std::string, torch::Tensor>& constants) {
  uint64_t bytes = 0;
  for (const auto& [name, tensor] : constants) bytes += tensor.nbytes();
  return bytes;
}

std::string ShownShape(const std::vector<int64_t>& shape) {
  std::string shown;
  for (const int64_t size : shape) {
    shown += (shown.empty() ? "" : "×") + (size < 0 ? std::string("?") : std::to_string(size));
  }
  return shown.empty() ? "unknown" : shown;
}

class Lowerer {
 public:
  Lowerer(OnnxFile file, std::string origin, const OnnxOptions& options)
      : file_(std::move(file)),
        origin_(std::move(origin)),
        names_(file_.nodes),
        draft_(ImageShape(options), Batch(), origin_),
        folder_(4 * BytesOf(file_.constants) + kFreeMemory) {}

  ImportedNetwork Run() {
    for (auto& [name, tensor] : file_.constants) {
      values_[name] = GraphDraft::Constant(std::move(tensor));
    }
    file_.constants.clear();
    values_[file_.inputs[0].name] = draft_.Input();
    for (size_t i = 0; i < file_.nodes.size(); ++i)
      for (const std::string& input : file_.nodes[i].inputs) last_reader_[input] = i;
    for (const OnnxPort& output : file_.outputs) last_reader_[output.name] = file_.nodes.size();
    for (size_t i = 0; i < file_.nodes.size(); ++i) LowerNode(i);
    NoteFoldedNorms();
    std::vector<std::pair<std::string, DraftValue>> outputs;
    for (const OnnxPort& output : file_.outputs) {
      const auto found = values_.find(output.name);
      if (found == values_.end()) {
        Fail(ErrorKind::kUsage, "{}: its output '{}' is not supported", origin_,
             ShownName(output.name));
      }
      outputs.emplace_back(output.name, found->second);
    }
    return draft_.Finish(outputs);
  }

 private:
  // The one input as the file has it: N, C, H, W.
  const OnnxPort& Images() const {
    if (file_.inputs.size() != 1) {
      std::string names;
      for (const OnnxPort& input : file_.inputs) names += (names.empty() ? "" : ", ") + input.name;
      Fail(ErrorKind::kUsage,
           "{} has {} inputs ({}), but networks of one input, a batch of images, are read", origin_,
           file_.inputs.size(), ShownName(names));
    }
    return file_.inputs[0];
  }

  std::vector<int64_t> ImageShape(const OnnxOptions& options) const {
    const OnnxPort& images = Images();
    const std::vector<int64_t>& wanted = options.image_shape;
    if (images.has_shape && images.shape.size() != 4) {
      Fail(ErrorKind::kUsage,
           "{}: its input '{}' has {} dimensions ({}), but must be a batch of images: N × channels "
           "× height × width",
           origin_, ShownName(images.name), images.shape.size(), ShownShape(images.shape));
    }
    std::vector<int64_t> shape(3, -1);
    if (images.has_shape) shape.assign(images.shape.begin() + 1, images.shape.end());
    for (size_t i = 0; i < 3 && wanted.size() == 3; ++i) {
      if (shape[i] >= 0 && shape[i] != wanted[i]) {
        Fail(ErrorKind::kUsage, "{}: its input '{}' is of shape {}, not {} as was asked for",
             origin_, ShownName(images.name), ShownShape(images.shape), ShownShape(wanted));
      }
      shape[i] = wanted[i];
    }
    if (std::find(shape.begin(), shape.end(), -1) != shape.end()) {
      Fail(ErrorKind::kUsage,
           "{}: the size of its images is free ({}): give it, for example --input-shape 3x224x224",
           origin_, ShownShape(images.shape));
    }
    return shape;
  }

  int64_t Batch() const {
    const OnnxPort& images = Images();
    return images.has_shape && images.shape[0] > 0 ? images.shape[0] : kFreeBatch;
  }

  void LowerNode(size_t index) {
    const OnnxNode& node = file_.nodes[index];
    const OnnxCall call(draft_, node,
                        {names_.Of(node).substr(0, kMostNameBytes), ShownName(node.op), node.line},
                        file_.opset, Inputs(node));
    std::vector<DraftValue> results;
    try {
      results = Results(call);
    } catch (const c10::Error& error) {
      const std::string message = error.what_without_backtrace();
      call.Refuse("{}", message.substr(0, message.find('\n')));
    }
    call.RequireAllRead();
    for (size_t i = 0; i < node.outputs.size() && i < results.size(); ++i) {
      const std::string& name = node.outputs[i];
      if (name.empty() || !last_reader_.contains(name)) continue;
      if (results[i].constant()) {
        folder_.Take(call, results[i].tensor);
        folded_.insert(name);
      }
      values_[name] = std::move(results[i]);
    }
    for (const std::string& input : node.inputs) {
      const auto value = values_.find(input);
      if (last_reader_.at(input) != index || value == values_.end()) continue;
      if (folded_.contains(input)) folder_.GiveBack(value->second.tensor);
      values_.erase(value);
    }
  }

  std::vector<std::optional<DraftValue>> Inputs(const OnnxNode& node) const {
    std::vector<std::optional<DraftValue>> inputs;
    for (const std::string& name : node.inputs) {
      inputs.emplace_back();
      if (name.empty() || sequences_.contains(name)) continue;
      if (flat_.contains(name)) {
        if (node.op == "Gather" && name == node.inputs[0]) continue;
        Fail(ErrorKind::kUsage, "{}: {} reads '{}', in which all images are one dimension", origin_,
             ShownNode(node), ShownName(name));
      }
      const auto found = values_.find(name);
      if (found == values_.end()) {
        Fail(ErrorKind::kUsage, "{}: {} reads '{}', an output that is not supported", origin_,
             ShownNode(node), ShownName(name));
      }
      inputs.back() = found->second;
    }
    while (!inputs.empty() && !inputs.back()) inputs.pop_back();
    return inputs;
  }

  std::vector<DraftValue> Results(const OnnxCall& call) {
    if (call.op() == "SplitToSequence") {
      sequences_[call.node().outputs[0]] = Sequence(call);
      return {};
    }
    if (call.op() == "SequenceAt") return {EntryOfSequence(call)};
    if (call.op() == "Reshape" && HoldFlat(call)) return {};
    if (call.op() == "Gather" && !call.node().inputs.empty() &&
        flat_.contains(call.node().inputs[0])) {
      return {Unflattened(call)};
    }
    if (auto folded = folder_.Fold(call)) return std::move(*folded);
    return Lowered(call);
  }

  static std::vector<DraftValue> Lowered(const OnnxCall& call) {
    static const std::map<std::string, LoweringRow> rows = AllLowerings();
    const auto row = rows.find(call.op());
    if (row != rows.end()) {
      if (row->second.several != nullptr) return row->second.several(call);
      return {row->second.lower(call)};
    }
    if (const Operator* same = SameOperator(call.op())) {
      return {call.draft.Apply(call.at, same->op, call.All())};
    }
    for (const auto& [op, why] : kReasons)
      if (call.op() == op) call.Refuse("{}", why);
    call.Refuse("it is not supported");
  }

  // Exporters split a value again for each part that they take.
  std::vector<DraftValue> Sequence(const OnnxCall& call) {
    const Value from = call.In(0).value;
    if (call.In(0).constant()) return LowerSequence(call);
    const std::vector<int64_t> sizes =
        call.Has(1) ? call.Whole(1, "split") : std::vector<int64_t>();
    const bool one = call.Has(1) && call.In(1).tensor.dim() == 0;
    const auto key =
        std::make_tuple(from, call.Int("axis", 0), call.Int("keepdims", 1), one, sizes);
    const auto known = splits_.find(key);
    return known != splits_.end() ? known->second : splits_[key] = LowerSequence(call);
  }

  // torch.onnx writes as_strided as a reshape to one dimension, which mixes the images, and a gather
  // of all values in their order. Holds the value before the reshape for the gather.
  bool HoldFlat(const OnnxCall& call) {
    if (call.In(0).constant() || !call.Has(1) || !call.In(1).constant()) return false;
    if (call.Whole(1, "shape") != std::vector<int64_t>{-1}) return false;
    call.Ignore({"allowzero"});
    flat_[call.node().outputs[0]] = call.In(0);
    return true;
  }

  DraftValue Unflattened(const OnnxCall& call) {
    const DraftValue& x = flat_.at(call.node().inputs[0]);
    const torch::Tensor indices = call.Constant(1, "indices").to(torch::kInt64);
    const bool all = call.Int("axis", 0) == 0 && indices.numel() == x.tensor.numel() &&
                     torch::equal(indices.reshape({-1}), torch::arange(indices.numel()));
    if (!all) call.Refuse("it takes values of all images");
    return draft_.Reshape(call.at, x, indices.sizes().vec());
  }

  DraftValue EntryOfSequence(const OnnxCall& call) const {
    const auto found = sequences_.find(call.node().inputs.empty() ? "" : call.node().inputs[0]);
    if (found == sequences_.end()) call.Refuse("it reads a sequence that is not supported");
    const auto size = static_cast<int64_t>(found->second.size());
    const std::vector<int64_t> at = call.Whole(1, "position");
    if (at.size() != 1 || at[0] < -size || at[0] >= size) {
      call.Refuse("its position lies outside the sequence");
    }
    return found->second[static_cast<size_t>(at[0] < 0 ? at[0] + size : at[0])];
  }

  // Exporters of PyTorch fold batch norms into convolutions, and the statistics are lost.
  void NoteFoldedNorms() {
    if (!file_.folded_norms) return;
    draft_.Note(
        "its exporter has folded batch norms into convolutions; this keeps them: "
        "torch.onnx.export(model.eval(), (x,), file, dynamo=False, "
        "training=torch.onnx.TrainingMode.PRESERVE)");
  }

  OnnxFile file_;
  std::string origin_;
  OnnxNodeNames names_;
  GraphDraft draft_;
  ConstantFolder folder_;
  std::map<std::string, DraftValue> values_;
  std::set<std::string> folded_;  // values that take room
  std::map<std::string, std::vector<DraftValue>> sequences_;
  std::map<std::string, DraftValue> flat_;  // by name of the value in one dimension
  // By value, axis, keepdims, whether one size is given, and sizes.
  std::map<std::tuple<Value, int64_t, int64_t, bool, std::vector<int64_t>>, std::vector<DraftValue>>
      splits_;
  std::map<std::string, size_t> last_reader_;  // by name of a value
};

}  // namespace

ImportedNetwork ReadOnnx(const std::filesystem::path& path, const OnnxOptions& options) {
  const OnnxFile file = ReadOnnxFile(path);
  ImportedNetwork network = Lowerer(file, path.string(), options).Run();
  network.format = fmt::format(
      "ONNX (opset {}){}", file.opset,
      file.producer.empty() ? "" : ", by " + FirstColumns(ShownBytes(file.producer), 60));
  return network;
}

}  // namespace zerosweep
