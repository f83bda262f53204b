#include "engine/import/draft.h"

#include <ATen/ExpandUtils.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "engine/graph/executor.h"
#include "engine/import/passes.h"

namespace zerosweep {
namespace {

// Values of a tensor of a sample, 1 GiB, and of all constants and an image's tensors together.
// Networks of images of 1024² stay far below.
constexpr int64_t kMostValues = int64_t{1} << 28;
constexpr int64_t kMostTogether = int64_t{1} << 30;
constexpr int64_t kMostPixels = int64_t{1} << 24;

using Shape = std::vector<int64_t>;

Json PairJson(const IntPair& pair) {
  return pair[0] == pair[1] ? Json(pair[0]) : Json::array({pair[0], pair[1]});
}

// Refuses numbers with which no image is left, and sums of which might overflow.
void RequireWindow(const GraphDraft& draft, const NodeOrigin& at, const DraftWindow& window) {
  constexpr int64_t kMost = int64_t{1} << 20;
  const auto within = [](int64_t n, int64_t least) { return n >= least && n <= kMost; };
  for (const IntPair& pair : {window.stride, window.dilation})
    if (!within(pair[0], 1) || !within(pair[1], 1))
      draft.Refuse(at, "its stride or dilation is impossible");
  for (const int64_t pad : window.pads)
    if (!within(pad, -kMost)) draft.Refuse(at, "its padding is impossible");
}

bool Symmetric(const std::array<int64_t, 4>& pads) {
  return pads[0] == pads[2] && pads[1] == pads[3];
}

// A tensor of that shape that takes no memory: only shapes count.
torch::Tensor Sample(torch::IntArrayRef shape) { return torch::zeros({1}).expand(shape); }

// The dimension counted from the front.
int64_t FromFront(int64_t dim, int64_t rank) { return dim < 0 ? dim + rank : dim; }

double Product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), 1.0, [](double product, int64_t n) {
    return product * static_cast<double>(n);
  });
}

double Window(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  return std::max(0.0, static_cast<double>(size + 2 * padding - dilation * (kernel - 1) - 1) /
                               static_cast<double>(stride) +
                           1);
}

// How many values a node will have at most, as far as it can have more than it reads.
double ValuesOf(const Node& node, const std::vector<torch::Tensor>& inputs) {
  const torch::Tensor& x = inputs.at(0);
  const auto values = static_cast<double>(x.numel());
  switch (node.op) {
    case Op::kConv2d: {
      const torch::Tensor& weight = node.parameters.at("weight");
      const auto stride = Pair(node, "stride", 1), padding = Pair(node, "padding", 0),
                 dilation = Pair(node, "dilation", 1);
      double result = static_cast<double>(x.size(0)) * static_cast<double>(weight.size(0));
      for (size_t i = 0; i < 2; ++i)
        result *=
            Window(x.size(2 + static_cast<int64_t>(i)), weight.size(2 + static_cast<int64_t>(i)),
                   stride[i], padding[i], dilation[i]);
      return result;
    }
    case Op::kLinear: {
      const torch::Tensor& weight = node.parameters.at("weight");
      return values / static_cast<double>(weight.size(1)) * static_cast<double>(weight.size(0));
    }
    case Op::kMatMul:
      return values / static_cast<double>(std::max<int64_t>(1, x.size(-1))) *
             static_cast<double>(inputs[1].numel());
    case Op::kBroadcastAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kDiv:
      return Product(at::infer_size(x.sizes(), inputs[1].sizes()));
    case Op::kOffset:
    case Op::kScale:
      return Product(at::infer_size(x.sizes(), node.parameters.at("other").sizes()));
    case Op::kUpsampleNearest:
    case Op::kUpsampleLinear:
      return static_cast<double>(x.size(0)) * static_cast<double>(x.size(1)) *
             Product(node.attributes.at("size").get<Shape>());
    case Op::kConcat:
      return std::accumulate(inputs.begin(), inputs.end(), 0.0, [](double sum, const auto& input) {
        return sum + static_cast<double>(input.numel());
      });
    case Op::kAdaptiveAvgPool:
      return static_cast<double>(x.size(0)) * static_cast<double>(x.size(1)) *
             Product(Pair(node, "size", 1));
    case Op::kInsertZeros: {
      const auto stride = Pair(node, "stride", 1);
      return values * static_cast<double>(stride[0]) * static_cast<double>(stride[1]);
    }
    case Op::kPad: {
      const auto pads = node.attributes.at("pads").get<Shape>();
      Shape shape = x.sizes().vec();
      for (size_t i = 0; i < pads.size() && i / 2 < shape.size(); ++i) {
        if (pads[i] > kMostValues || pads[i] < -kMostValues)
          return static_cast<double>(kMostValues) * 2;
        shape[shape.size() - 1 - i / 2] += pads[i];
      }
      return Product(shape);
    }
    default:
      return values;
  }
}

// A sum is not finite if a number is not, and takes a fifth of the time.
bool AllFinite(const torch::Tensor& tensor) {
  return !tensor.is_floating_point() || std::isfinite(tensor.sum().item<double>()) ||
         torch::isfinite(tensor).all().item<bool>();
}

std::string CleanName(const std::string& name) {
  std::string clean;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    const char shown = plain ? c : c == '/' || c == '.' || c == ':' ? '.' : '_';
    if (shown == '.' && (clean.empty() || clean.back() == '.')) continue;
    clean += shown;
  }
  while (clean.ends_with('.')) clean.pop_back();
  return clean.substr(0, 200);
}

// The first line, without LibTorch's list of its own functions.
std::string FirstLineOf(const std::string& message) {
  return message.substr(0, message.find('\n'));
}

// Calls `compute`, and says as the tool does what LibTorch throws.
template <typename Compute>
auto Translated(const GraphDraft& draft, const NodeOrigin& at, const Compute& compute) {
  try {
    return compute();
  } catch (const c10::Error& error) {
    draft.Refuse(at, FirstLineOf(error.what_without_backtrace()));
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kInternal, "{}: attributes of '{}': {}", draft.origin(), at.name, error.what());
  }
}

int64_t GroupsOf(const Node& node) { return node.attributes.value("groups", int64_t{1}); }

// Refuses a weighted node whose parameters do not belong together.
void RequireParameters(const GraphDraft& draft, const NodeOrigin& at, const Node& node) {
  const int64_t outputs = node.parameters.at("weight").size(0);
  if (outputs < 1 || outputs % GroupsOf(node) != 0)
    draft.Refuse(at, fmt::format("its {} outputs make no {} groups", outputs, GroupsOf(node)));
  const torch::Tensor bias = Parameter(node, "bias");
  if (bias.defined() && bias.sizes() != torch::IntArrayRef({outputs}))
    draft.Refuse(at, fmt::format("its bias has the shape {}, but it has {} outputs",
                                 c10::str(bias.sizes()), outputs));
}

// The weighted node with one output a group: its other dimensions show in it, for little work.
Node Thin(Node node) {
  for (auto& [name, tensor] : node.parameters) tensor = tensor.slice(0, 0, GroupsOf(node));
  return node;
}

std::optional<double> Number(const Json& attributes, const char* name) {
  if (!attributes.contains(name)) return std::nullopt;
  return attributes.at(name).get<double>();
}

// The largest difference of two outputs, relative to the largest value.
double RelativeDifference(const torch::Tensor& a, const torch::Tensor& b) {
  const double scale = std::max(1e-30, b.abs().max().item<double>());
  return (a - b).abs().max().item<double>() / scale;
}

}  // namespace

std::vector<int64_t> ShapeOfOutput(const ImportedNetwork& network) {
  if (network.outputs.size() == 1) return network.outputs[0].shape;
  int64_t values = 0;
  for (const auto& output : network.outputs)
    values += std::accumulate(output.shape.begin(), output.shape.end(), int64_t{1},
                              std::multiplies<int64_t>());
  return {values};
}

GraphDraft::GraphDraft(std::vector<int64_t> image_shape, int64_t batch, std::string origin)
    : origin_(std::move(origin)), batch_(batch) {
  const bool positive = std::all_of(image_shape.begin(), image_shape.end(),
                                    [](int64_t n) { return n > 0 && n <= kMostPixels; });
  if (image_shape.size() != 3 || !positive || Product(image_shape) > kMostPixels || batch < 1 ||
      batch > 4096)
    Fail(ErrorKind::kUsage,
         "{}: its input has {} dimensions ({}), must be a batch of images: N × channels × height × "
         "width",
         origin_, image_shape.size() + 1, c10::str(image_shape));
  graph_.input_shape = std::move(image_shape);
  graph_.Append({.name = "input", .op = Op::kInput});
  names_.insert("input");
  sample_ = Sample(graph_.BatchShape(batch));
}

DraftValue GraphDraft::Input() const { return {{0, 0}, sample_}; }

void GraphDraft::Refuse(const NodeOrigin& at, const std::string& why) const {
  Fail(ErrorKind::kUsage, "{}: operator {} at '{}'{}: {}", origin_, ShownBytes(at.op),
       ShownBytes(at.name), at.line.empty() ? "" : " (" + ShownBytes(at.line) + ")", why);
}

const torch::Tensor& GraphDraft::RequireConstant(const NodeOrigin& at, const DraftValue& value,
                                                 const std::string& what) const {
  if (!value.constant()) Refuse(at, fmt::format("its {} depends on the image", what));
  return value.tensor;
}

void GraphDraft::Note(const std::string& note) {
  if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(note);
}

std::string GraphDraft::UniqueName(const NodeOrigin& at, Op op) {
  std::string name = CleanName(at.name);
  if (name.empty()) name = ToString(op);
  std::string unique = name;
  for (int i = 2; !names_.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
  return unique;
}

std::vector<DraftValue> GraphDraft::AppendMany(const NodeOrigin& at, Node node,
                                               const std::vector<DraftValue>& inputs) {
  std::vector<torch::Tensor> tensors;
  for (const DraftValue& input : inputs) tensors.push_back(input.tensor);
  const torch::NoGradGuard no_grad;
  const bool folded = std::all_of(inputs.begin(), inputs.end(),
                                  [](const DraftValue& input) { return input.constant(); });
  const auto outputs = Translated(*this, at, [&] {
    const double values = ValuesOf(node, tensors);
    if (!(values <= kMostValues))
      Refuse(at, fmt::format("it makes a tensor of {:.3g} values", values));
    values_ += folded ? values : values / static_cast<double>(batch_);
    if (!(values_ <= kMostTogether))
      Refuse(at, fmt::format("with it, all tensors together have {:.3g} values; images may be "
                             "smaller by --input-shape",
                             values_));
    if (folded || !node.weighted()) return Compute(node, tensors);
    RequireParameters(*this, at, node);
    std::vector<int64_t> sizes = Compute(Thin(node), tensors).at(0).sizes().vec();
    sizes[node.op == Op::kConv2d ? 1 : sizes.size() - 1] = node.parameters.at("weight").size(0);
    return std::vector<torch::Tensor>{Sample(sizes)};
  });
  std::vector<DraftValue> results;
  if (folded) {
    for (const torch::Tensor& output : outputs) results.push_back(Constant(output));
    return results;
  }
  for (const DraftValue& input : inputs) {
    if (input.constant())
      Refuse(at, "it reads a constant next to what depends on the image, which is not supported");
    node.inputs.push_back(input.value);
  }
  node.name = UniqueName(at, node.op);
  const int index = graph_.Append(std::move(node));
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].dim() < 1 || outputs[i].size(0) != batch_)
      Refuse(at, "it does not keep the images apart");
    results.push_back({{index, static_cast<int>(i)}, Sample(outputs[i].sizes())});
  }
  return results;
}

DraftValue GraphDraft::Append(const NodeOrigin& at, Op op, const std::vector<DraftValue>& inputs,
                              Json attributes, ParameterMap parameters) {
  for (auto& [name, tensor] : parameters) {
    if (!tensor.is_floating_point())
      Refuse(at, fmt::format("its {} holds {}", name, c10::toString(tensor.scalar_type())));
    if (!AllFinite(tensor)) Refuse(at, fmt::format("its {} holds NaN or infinity", name));
    if (name == "running_var" && (tensor < 0).any().item<bool>())
      Refuse(at, "a variance is negative");
    tensor = tensor.detach().to(torch::kFloat32).contiguous();
  }
  return AppendMany(at,
                    {.op = op,
                     .attributes = attributes.is_null() ? Json::object() : std::move(attributes),
                     .parameters = std::move(parameters)},
                    inputs)
      .at(0);
}

DraftValue GraphDraft::WithConstant(const NodeOrigin& at, Op op,
                                    const std::vector<DraftValue>& inputs) {
  const bool left = inputs[0].constant();
  const DraftValue& x = inputs[left ? 1 : 0];
  const torch::Tensor other = inputs[left ? 0 : 1].tensor.to(torch::kFloat32);
  if (op == Op::kMatMul) {
    if (left || other.dim() != 2)
      Refuse(at, "it multiplies by a constant that is no matrix on the right");
    return Append(at, Op::kLinear, {x}, {}, {{"weight", other.t()}});
  }
  if (other.dim() == x.tensor.dim() && other.size(0) != 1)
    Refuse(at, "its constant differs between the images of a batch");
  const auto negated = [&] { return Append(at, Op::kNeg, {x}, {}, {}); };
  const auto inverse = [&] { return Append(at, Op::kPow, {x}, {{"exponent", -1.0}}, {}); };
  switch (op) {
    case Op::kAdd:
    case Op::kBroadcastAdd:
      return Append(at, Op::kOffset, {x}, {}, {{"other", other}});
    case Op::kSub:
      return left ? Append(at, Op::kOffset, {negated()}, {}, {{"other", other}})
                  : Append(at, Op::kOffset, {x}, {}, {{"other", -other}});
    case Op::kMul:
      return Append(at, Op::kScale, {x}, {}, {{"other", other}});
    case Op::kDiv:
      return left ? Append(at, Op::kScale, {inverse()}, {}, {{"other", other}})
                  : Append(at, Op::kScale, {x}, {}, {{"other", 1 / other}});
    default:
      Refuse(at, "it reads a constant next to what depends on the image, which is not supported");
  }
}

DraftValue GraphDraft::Apply(const NodeOrigin& at, Op op, const std::vector<DraftValue>& inputs,
                             Json attributes, ParameterMap parameters) {
  if (inputs.empty()) Refuse(at, "it has no input");
  if (attributes.is_null()) attributes = Json::object();
  const Operator& described = Describe(op);
  if (inputs.size() < described.least_inputs || inputs.size() > described.most_inputs)
    Refuse(at, fmt::format("it has {} inputs", inputs.size()));
  const DraftValue& x = inputs[0];
  const int64_t rank = x.tensor.dim();
  const auto constants = std::count_if(inputs.begin(), inputs.end(),
                                       [](const DraftValue& input) { return input.constant(); });
  const bool folds = constants == static_cast<std::ptrdiff_t>(inputs.size());
  if (inputs.size() == 2 && constants == 1 && op != Op::kConcat)
    return WithConstant(at, op, inputs);
  for (const char* name : {"dim", "dims"}) {
    if (!attributes.contains(name)) continue;
    Json& given = attributes[name];
    if (given.is_number()) {
      given = FromFront(given.get<int64_t>(), rank);
      if (!folds && given == 0) Refuse(at, "it works across the images of a batch");
      continue;
    }
    for (Json& dim : given) dim = FromFront(dim.get<int64_t>(), rank);
    const bool first = std::find(given.begin(), given.end(), Json(0)) != given.end();
    if (!folds && first != (op == Op::kPermute))
      Refuse(at, "it works across the images of a batch");
  }
  if (folds) return Append(at, op, inputs, std::move(attributes), std::move(parameters));

  switch (op) {
    case Op::kAdd:
    case Op::kBroadcastAdd: {
      const bool equal = x.tensor.sizes() == inputs[1].tensor.sizes();
      return Append(at, equal ? Op::kAdd : Op::kBroadcastAdd, inputs, {}, {});
    }
    case Op::kClip: {
      const auto low = Number(attributes, "min"), high = Number(attributes, "max");
      if (low == 0.0 && high == 6.0) return Append(at, Op::kRelu6, inputs, {}, {});
      if (low == 0.0 && !high) return Append(at, Op::kRelu, inputs, {}, {});
      break;
    }
    case Op::kMean: {
      Json dims = attributes.at("dims");
      std::sort(dims.begin(), dims.end());
      if (rank != 4 || dims != Json::array({2, 3})) break;
      const DraftValue mean = Append(at, Op::kGlobalAvgPool, inputs, {}, {});
      const bool keeps = attributes.value("keepdim", false);
      return keeps ? mean : Append(at, Op::kFlatten, {mean}, {}, {});
    }
    case Op::kAdaptiveAvgPool: {
      const auto size = Pair({.attributes = attributes}, "size", 1);
      if (rank == 4 && size == x.tensor.sizes().slice(2)) return x;
      if (size == Shape{1, 1}) return Append(at, Op::kGlobalAvgPool, inputs, {}, {});
      break;
    }
    case Op::kPermute: {
      if (attributes.at("dims").at(0) != 0) Refuse(at, "it moves values between images");
      const auto dims = attributes.at("dims").get<Shape>();
      if (std::is_sorted(dims.begin(), dims.end())) return x;
      break;
    }
    case Op::kBatchNorm: {
      if (rank != 4 && rank != 2)
        Refuse(at, fmt::format("a batch norm of {} dimensions is not supported", rank));
      const torch::Tensor& mean = parameters.at("running_mean");
      if (!parameters["weight"].defined()) parameters["weight"] = torch::ones_like(mean);
      if (!parameters["bias"].defined()) parameters["bias"] = torch::zeros_like(mean);
      break;
    }
    default:
      break;
  }
  return Append(at, op, inputs, std::move(attributes), std::move(parameters));
}

std::vector<DraftValue> GraphDraft::ApplyMany(const NodeOrigin& at, Op op,
                                              const std::vector<DraftValue>& inputs,
                                              Json attributes) {
  if (inputs.size() != 1) Refuse(at, fmt::format("it has {} inputs", inputs.size()));
  if (attributes.contains("dim")) {
    attributes["dim"] = FromFront(attributes["dim"].get<int64_t>(), inputs[0].tensor.dim());
    if (!inputs[0].constant() && attributes["dim"] == 0)
      Refuse(at, "it works across the images of a batch");
  }
  return AppendMany(at, {.op = op, .attributes = std::move(attributes)}, inputs);
}

DraftValue GraphDraft::Padded(const NodeOrigin& at, const DraftValue& x,
                              const std::array<int64_t, 4>& pads, double value) {
  const auto [top, left, bottom, right] = pads;
  return Append({at.name + ".pad", at.op, at.line}, Op::kPad, {x},
                {{"pads", {left, right, top, bottom}}, {"mode", "constant"}, {"value", value}}, {});
}

DraftValue GraphDraft::Convolution(const NodeOrigin& at, const DraftValue& x,
                                   const torch::Tensor& weight, const torch::Tensor& bias,
                                   const DraftWindow& window, int64_t groups) {
  if (x.tensor.dim() != 4 || weight.dim() != 4)
    Refuse(at, fmt::format("it convolves {} dimensions; only images, of 4, are supported",
                           x.tensor.dim()));
  if (groups < 1) Refuse(at, fmt::format("it has {} groups", groups));
  RequireWindow(*this, at, window);
  const auto& pads = window.pads;
  const bool plain = Symmetric(pads) && std::min(pads[0], pads[1]) >= 0;
  ParameterMap parameters = {{"weight", weight}};
  if (bias.defined()) parameters["bias"] = bias;
  return Append(at, Op::kConv2d, {plain ? x : Padded(at, x, pads, 0)},
                {{"stride", PairJson(window.stride)},
                 {"padding", plain ? PairJson({pads[0], pads[1]}) : Json(0)},
                 {"dilation", PairJson(window.dilation)},
                 {"groups", groups}},
                std::move(parameters));
}

DraftValue GraphDraft::TransposedConvolution(const NodeOrigin& at, const DraftValue& x,
                                             const torch::Tensor& weight, const torch::Tensor& bias,
                                             const DraftWindow& window,
                                             const IntPair& output_padding, int64_t groups) {
  if (x.tensor.dim() != 4 || weight.dim() != 4 || groups < 1 || weight.size(0) % groups != 0)
    Refuse(at, "only transposed convolutions of images are supported");
  RequireWindow(*this, at, window);
  // The gradient of a convolution: x, spread by the stride, convolved with the turned kernel.
  const torch::Tensor turned =
      weight.unflatten(0, {groups, -1}).transpose(1, 2).flatten(0, 1).flip({2, 3});
  const bool spreads = window.stride != IntPair{1, 1};
  const DraftValue spread = spreads
                                ? Append({at.name + ".spread", at.op, at.line}, Op::kInsertZeros,
                                         {x}, {{"stride", PairJson(window.stride)}}, {})
                                : x;
  DraftWindow inner{.dilation = window.dilation};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = window.dilation[i] * (weight.size(2 + static_cast<int64_t>(i)) - 1);
    inner.pads[i] = reach - window.pads[i];
    inner.pads[i + 2] = reach - window.pads[i + 2] + output_padding[i];
  }
  return Convolution(at, spread, turned, bias, inner, groups);
}

DraftValue GraphDraft::Pool(const NodeOrigin& at, Op op, const DraftValue& x, const IntPair& kernel,
                            const DraftWindow& window, bool ceil_mode, bool count_include_pad) {
  if (x.tensor.dim() != 4) Refuse(at, "only pools of images are supported");
  RequireWindow(*this, at, window);
  if (std::min(kernel[0], kernel[1]) < 1) Refuse(at, "its window is impossible");
  const bool largest = op == Op::kMaxPool;
  const auto& pads = window.pads;
  // LibTorch pads by at most half a window.
  const bool plain = Symmetric(pads) && pads[0] >= 0 && pads[1] >= 0 && 2 * pads[0] <= kernel[0] &&
                     2 * pads[1] <= kernel[1];
  if (!plain && !largest && !count_include_pad)
    Refuse(at, "it averages over windows with unequal borders, which it does not count");
  Json attributes = {{"kernel", PairJson(kernel)},
                     {"stride", PairJson(window.stride)},
                     {"padding", plain ? PairJson({pads[0], pads[1]}) : Json(0)},
                     {"ceil_mode", ceil_mode}};
  if (largest) attributes["dilation"] = PairJson(window.dilation);
  if (!largest) attributes["count_include_pad"] = count_include_pad;
  const double border = largest ? std::numeric_limits<float>::lowest() : 0;
  return Append(at, op, {plain ? x : Padded(at, x, pads, border)}, std::move(attributes), {});
}

DraftValue GraphDraft::Reshape(const NodeOrigin& at, const DraftValue& x,
                               std::vector<int64_t> shape) {
  const auto reshaped = Translated(*this, at, [&] { return x.tensor.reshape(shape); });
  if (x.constant()) return Constant(reshaped);
  const auto sizes = reshaped.sizes();
  if (sizes == x.tensor.sizes()) return x;
  if (sizes.empty() || sizes[0] != batch_) Refuse(at, "it moves values between images");
  if (sizes.size() == 2 && x.tensor.dim() > 2) return Append(at, Op::kFlatten, {x}, {}, {});
  return Append(at, Op::kReshape, {x}, {{"shape", sizes.slice(1).vec()}}, {});
}

void GraphDraft::CheckIndependence(const Graph& graph) const {
  const torch::NoGradGuard no_grad;
  // Any images that differ, without a 0 to divide by.
  const std::vector<int64_t> shape = graph_.BatchShape(2);
  const int64_t values = shape[0] * shape[1] * shape[2] * shape[3];
  const torch::Tensor images = torch::sin(torch::arange(values) * 0.7 + 0.2).reshape(shape);
  const torch::Tensor as_written = Run(graph_, images);
  if (!AllFinite(as_written))
    Fail(ErrorKind::kUsage,
         "{}: its output holds NaN or infinity for images of numbers from −1 to 1", origin_);
  const torch::Tensor second = images.slice(0, 1, 2), of_second = as_written.slice(0, 1, 2);
  // Of networks that make much of the least differences, rounding decides more. NaN is beyond it.
  const auto beyond_rounding = [&](double difference) {
    if (difference <= 1e-3) return false;
    return !(difference <= 30 * RelativeDifference(Run(graph_, images * (1 + 1e-6)), as_written));
  };
  if (!beyond_rounding(RelativeDifference(Run(graph, second), of_second))) return;
  const double alone = RelativeDifference(Run(graph_, second), of_second);
  if (beyond_rounding(alone))
    Fail(ErrorKind::kUsage,
         "{}: the output of an image depends on the other images of its batch (by {:.2g} of the "
         "largest): export the network in evaluation mode, model.eval(), with a free batch",
         origin_, alone);
  Fail(ErrorKind::kInternal, "{}: joined operators change its output", origin_);
}

ImportedNetwork GraphDraft::Finish(const std::vector<std::pair<std::string, DraftValue>>& outputs) {
  if (outputs.empty()) Fail(ErrorKind::kUsage, "{}: it has no output", origin_);
  ImportedNetwork network;
  std::vector<DraftValue> flat;
  for (const auto& [name, value] : outputs) {
    const NodeOrigin at{name, "output"};
    if (value.constant()) Refuse(at, "it does not depend on the image");
    network.outputs.push_back({name, value.tensor.sizes().slice(1).vec()});
    if (value.tensor.dim() < 2) Refuse(at, "an image's output has no dimension: leave it one");
    if (outputs.size() > 1)
      flat.push_back(Reshape({name + ".flat", "output"}, value, {batch_, -1}));
  }
  const DraftValue& first = outputs[0].second;
  const DraftValue last =
      outputs.size() == 1 ? first : Append({"outputs", "output"}, Op::kConcat, flat, {}, {});
  graph_.output = last.value;
  graph_.Check();
  network.graph = JoinOperators(graph_);
  Translated(*this, {"output", "network"}, [&] { CheckIndependence(network.graph); });
  network.notes = notes_;
  return network;
}

}  // namespace zerosweep
