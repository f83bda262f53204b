#include "tests/support/engine/joint_golden.h"

#include <cmath>
#include <utility>

#include "base/error.h"
#include "engine/models/builder.h"
#include "tests/support/engine/fill.h"
#include "tests/support/engine/golden.h"

namespace zerosweep {
namespace {

// The bounds of a parameter, as in teacher_parameters() of the script.
std::pair<double, double> Bounds(const Node& node, const std::string& name,
                                 const torch::Tensor& tensor) {
  if (node.op == Op::kConv2d) {
    const double bound = std::sqrt(6 / static_cast<double>(tensor.size(1) * 9));
    return {-bound, bound};
  }
  if (node.op == Op::kLinear) return {-2, 2};
  if (name == "weight") return {0.75, 1.25};
  if (name == "running_var") return {0.5, 1.5};
  return {-0.2, 0.2};
}

Dataset RealImages() {
  std::vector<torch::Tensor> images;
  for (const int image : JointGolden().at("real_images"))
    images.push_back(Filled("real." + std::to_string(image), {3, 8, 8}, 0, 256).floor());
  return {.name = "golden",
          .split = "calibration",
          .images = ImagesInMemory(torch::stack(images).to(torch::kUInt8)),
          .labels = torch::arange(4),
          .classes = 4};
}

// Starts a training from a given state, and takes its state at a step.
class Between final : public Checkpoints {
 public:
  Between(std::optional<CheckpointState> from, int64_t to) : from_(std::move(from)), to_(to) {}

  std::optional<CheckpointState> Restore() override { return from_; }
  void MaybeSave(int64_t step, const std::function<CheckpointState()>& state) override {
    if (step != to_) return;
    reached = state();
    for (auto& [name, tensor] : reached.tensors) tensor = tensor.detach().clone();
    FailTrial(Failure::kInterrupted, "interrupted");
  }

  CheckpointState reached;

 private:
  std::optional<CheckpointState> from_;
  int64_t to_;
};

}  // namespace

const Json& JointGolden() {
  static const Json golden = ReadGolden("joint.json");
  return golden;
}

Teacher JointGoldenTeacher() {
  GraphBuilder build({3, 8, 8});
  Value x = build.Input();
  int64_t in = 3;
  const std::vector<std::pair<int64_t, int64_t>> layers = {{4, 1}, {5, 1}, {6, 2}, {4, 1},
                                                           {7, 2}, {5, 1}, {8, 1}};
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto [out, stride] = layers[i];
    const std::string number = std::to_string(i + 1);
    x = build.Conv("conv" + number, x,
                   {.in = in, .out = out, .kernel = 3, .stride = stride, .padding = 1});
    x = build.Apply("relu" + number, Op::kRelu, {build.BatchNorm("bn" + number, x, out)});
    in = out;
  }
  Teacher teacher;
  teacher.graph = build.Finish(build.Head("pool", "fc", x, in, 4));
  for (Node& node : teacher.graph.nodes) {
    for (auto& [name, tensor] : node.parameters) {
      const auto [low, high] = Bounds(node, name, tensor);
      tensor = FilledDouble(node.name + "." + name, tensor.sizes().vec(), low, high);
    }
  }
  teacher.graph.nodes.back().parameters["bias"] =
      GoldenNumbers(JointGolden().at("classifier_bias"));
  teacher.arch = "golden";
  teacher.dataset = "none";
  teacher.classes = 4;
  teacher.mean = {0.5, 0.5, 0.5};
  teacher.std = {0.25, 0.25, 0.25};
  return teacher;
}

std::vector<double> SummaryOf(const std::string& name, const torch::Tensor& tensor) {
  const torch::Tensor direction = FilledDouble("direction " + name, tensor.sizes().vec(), -1, 1);
  return {tensor.norm().item<double>(), (tensor * direction).sum().item<double>()};
}

GoldenTraining::GoldenTraining(const std::string& method, const Json& given)
    : entry_(QuantizerRegistry::Get(method)),
      params_(CompleteParams(method, entry_.declaration.params, given)),
      teacher_(JointGoldenTeacher()),
      real_(RealImages()) {}

CheckpointState GoldenTraining::Run(const std::optional<CheckpointState>& from, int64_t to) {
  SoloGroup alone;
  Between checkpoints(from, to);
  const int bits = JointGolden().at("bits");
  const RandomStreams random(JointGolden().at("seed"));
  const QuantizationContext context{.teacher = teacher_,
                                    .images = images_,
                                    .setting = {protocol_, false, bits, bits},
                                    .random = random,
                                    .progress = progress_,
                                    .checkpoints = checkpoints,
                                    .group = alone,
                                    .real_data = &real_};
  try {
    entry_.function(context, params_);
  } catch (const Error& error) {
    if (error.failure() != Failure::kInterrupted) throw;
    return std::move(checkpoints.reached);
  }
  throw Error(ErrorKind::kInternal, "the training ended before the step it was to be cut at");
}

CheckpointState GoldenTraining::At(int64_t step) {
  CheckpointState state = Run(std::nullopt, 0);
  state.values["step"] = step;
  return state;
}

}  // namespace zerosweep
