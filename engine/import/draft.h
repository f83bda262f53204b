// A network while it is read from a file. The reader of a format appends the file's operators in
// their order. Each is computed at once for a sample of images, so that the shape of every value is
// known and what depends on no image is a constant.
#pragma once

#include <torch/types.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engine/graph/graph.h"

namespace zerosweep {

struct DraftValue {
  Value value;           // in the graph; node −1: a constant
  torch::Tensor tensor;  // the constant, or the value for the sample
  bool constant() const { return value.node < 0; }
};

// Where in the file an operator stands.
struct NodeOrigin {
  std::string name;       // of the node
  std::string op;         // as the file calls the operator
  std::string line = {};  // of the user's model, "net.py:12", where the file knows it
};

using ParameterMap = std::map<std::string, torch::Tensor>;
using IntPair = std::array<int64_t, 2>;  // vertical, horizontal

// The window of a convolution or a pool.
struct DraftWindow {
  IntPair stride = {1, 1}, dilation = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
};

// What a file holds: its network, and what has to be said of it.
struct ImportedNetwork {
  struct Output {
    std::string name;
    std::vector<int64_t> shape;  // of one image
  };

  // With one output, or with all of them flattened and concatenated.
  Graph graph;
  std::string format;  // "ONNX (opset 17), by pytorch 2.9.0": set by the reader
  std::vector<Output> outputs;
  std::vector<std::string> notes;  // for the user
};

// The shape of the graph's output for one image.
std::vector<int64_t> ShapeOfOutput(const ImportedNetwork& network);

class GraphDraft {
 public:
  // image_shape: C, H, W. `batch`: images of the sample; where the file fixes the batch, as many,
  // and 2 where it is free. `origin`: the file. Throws kUsage for a shape that is not of images.
  GraphDraft(std::vector<int64_t> image_shape, int64_t batch, std::string origin);

  DraftValue Input() const;
  static DraftValue Constant(torch::Tensor tensor) { return {{}, std::move(tensor)}; }

  // Appends an operator and returns its output; with constants alone, only computes it. Of two
  // operands, a constant becomes a parameter: kOffset, kScale, kLinear. Where the general operator
  // given is a special one, takes that (kClip to [0, 6]: kRelu6; a mean over maps:
  // kGlobalAvgPool). Throws kUsage, naming the origin, where shapes do not fit.
  DraftValue Apply(const NodeOrigin& at, Op op, const std::vector<DraftValue>& inputs,
                   Json attributes = Json::object(), ParameterMap parameters = {});
  // The same for operators of several outputs, kChunk and kSplit.
  std::vector<DraftValue> ApplyMany(const NodeOrigin& at, Op op,
                                    const std::vector<DraftValue>& inputs,
                                    Json attributes = Json::object());

  // weight: O×I/groups×kh×kw, bias: O or undefined.
  DraftValue Convolution(const NodeOrigin& at, const DraftValue& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, const DraftWindow& window, int64_t groups);
  // weight: I×O/groups×kh×kw. Becomes a convolution of x with zeros between its pixels.
  DraftValue TransposedConvolution(const NodeOrigin& at, const DraftValue& x,
                                   const torch::Tensor& weight, const torch::Tensor& bias,
                                   const DraftWindow& window, const IntPair& output_padding,
                                   int64_t groups);
  // op: kMaxPool or kAvgPool.
  DraftValue Pool(const NodeOrigin& at, Op op, const DraftValue& x, const IntPair& kernel,
                  const DraftWindow& window, bool ceil_mode, bool count_include_pad = true);

  // `shape` with the batch; may hold one −1.
  DraftValue Reshape(const NodeOrigin& at, const DraftValue& x, std::vector<int64_t> shape);

  // Says that an operator is not supported, and why.
  [[noreturn]] void Refuse(const NodeOrigin& at, const std::string& why) const;
  // Refuses, unless the value is a constant.
  const torch::Tensor& RequireConstant(const NodeOrigin& at, const DraftValue& value,
                                       const std::string& what) const;
  // A remark for the user, once.
  void Note(const std::string& note);

  int64_t batch() const { return batch_; }
  const std::string& origin() const { return origin_; }

  // Ends the draft: joins what belongs together (passes.h) and checks that the network computes
  // each image by itself. Throws kUsage.
  ImportedNetwork Finish(const std::vector<std::pair<std::string, DraftValue>>& outputs);

 private:
  DraftValue Append(const NodeOrigin& at, Op op, const std::vector<DraftValue>& inputs,
                    Json attributes, ParameterMap parameters);
  std::vector<DraftValue> AppendMany(const NodeOrigin& at, Node node,
                                     const std::vector<DraftValue>& inputs);
  DraftValue WithConstant(const NodeOrigin& at, Op op, const std::vector<DraftValue>& inputs);
  DraftValue Padded(const NodeOrigin& at, const DraftValue& x, const std::array<int64_t, 4>& pads,
                    double value);
  std::string UniqueName(const NodeOrigin& at, Op op);
  void CheckIndependence(const Graph& graph) const;

  std::string origin_;
  int64_t batch_;
  double values_ = 0;  // of the constants made here and of one image's tensors
  Graph graph_;
  torch::Tensor sample_;
  std::set<std::string> names_;
  std::vector<std::string> notes_;
};

}  // namespace zerosweep
