// The losses of GDFQ, Qimera, ClusterQ, FDDA and IntraQ, the steps that follow from them, and the
// learning rates, against a restatement in PyTorch of the papers' and the released trainers'
// formulas (tests/golden/make_joint_golden.py). Both sides compute in double precision; what is
// left are sums in another order.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/joint/class_generator.h"
#include "engine/models/builder.h"
#include "engine/quant/distillation.h"
#include "engine/quant/quantizer.h"
#include "methods/intraq/objective.h"
#include "tests/support/fill.h"
#include "tests/support/golden.h"
#include "tests/support/quiet_progress.h"

namespace zerosweep {
namespace {

constexpr double kTolerance = 1e-8;   // of a tensor's norm
constexpr double kOfLargest = 1e-11;  // of the largest norm of all: where sums cancel

const Json& Golden() {
  static const Json golden = ReadGolden("joint.json");
  return golden;
}

torch::Tensor FilledDouble(const std::string& key, const std::vector<int64_t>& shape, double low,
                           double high) {
  return Filled(key, shape, low, high).to(torch::kFloat64);
}

// Norm, and product with a fill of the tensor's name.
std::vector<double> SummaryOf(const std::string& name, const torch::Tensor& tensor) {
  const torch::Tensor direction = FilledDouble("direction " + name, tensor.sizes().vec(), -1, 1);
  return {tensor.norm().item<double>(), (tensor * direction).sum().item<double>()};
}

// `largest`: the largest norm among the tensors that it belongs to.
void ExpectSummary(const std::string& name, const torch::Tensor& tensor, const Json& expected,
                   double largest) {
  const std::vector<double> actual = SummaryOf(name, tensor);
  const auto norm = expected.at(0).get<double>();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(actual[i], expected.at(i).get<double>(), kTolerance * norm + kOfLargest * largest)
        << name << (i == 0 ? ": norm" : ": product");
  }
}

double LargestNorm(const Json& summaries) {
  double largest = 0;
  for (const Json& summary : summaries) largest = std::max(largest, summary.at(0).get<double>());
  return largest;
}

void ExpectNear(double actual, double expected, const std::string& what) {
  EXPECT_NEAR(actual, expected, kTolerance * std::max(1.0, std::abs(expected))) << what;
}

// As make_joint_golden.py has it: seven convolutions, each with batch norm and ReLU.
Teacher GoldenTeacher() {
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
      double low = 0.75, high = 1.25;
      if (node.op == Op::kConv2d) {
        const auto inputs = static_cast<double>(tensor.size(1) * 9);
        low = -(high = std::sqrt(6 / inputs));
      } else if (node.op == Op::kLinear) {
        low = -(high = 2);
      } else if (name == "running_var") {
        low = 0.5, high = 1.5;
      } else if (name != "weight") {
        low = -(high = 0.2);
      }
      tensor = FilledDouble(node.name + "." + name, tensor.sizes().vec(), low, high);
    }
  }
  teacher.graph.nodes.back().parameters["bias"] =
      torch::tensor(Golden().at("classifier_bias").get<std::vector<double>>(), torch::kFloat64);
  teacher.arch = "golden";
  teacher.dataset = "none";
  teacher.classes = 4;
  teacher.mean = {0.5, 0.5, 0.5};
  teacher.std = {0.25, 0.25, 0.25};
  return teacher;
}

// One image of each class.
Dataset RealImages() {
  std::vector<torch::Tensor> images;
  for (const int image : Golden().at("real_images"))
    images.push_back(Filled("real." + std::to_string(image), {3, 8, 8}, 0, 256).floor());
  return {.name = "golden",
          .split = "calibration",
          .images = ImagesInMemory(torch::stack(images).to(torch::kUInt8)),
          .labels = torch::arange(4),
          .classes = 4};
}

// Begins a training with a given state, and takes its state at a step.
class Between final : public Checkpoints {
 public:
  Between(std::optional<CheckpointState> from, int64_t to) : from_(std::move(from)), to_(to) {}

  std::optional<CheckpointState> Restore() override { return from_; }
  void Offer(int64_t step, const std::function<CheckpointState()>& state) override {
    if (step != to_) return;
    reached = state();
    for (auto& [name, tensor] : reached.tensors) tensor = tensor.detach().clone();
    throw Error(ErrorKind::kTrial, "interrupted", "interrupted");
  }

  CheckpointState reached;

 private:
  std::optional<CheckpointState> from_;
  int64_t to_;
};

// A joint method on the filled teacher.
struct Training {
  Training(const std::string& method, const Json& given)
      : entry(QuantizerRegistry::Get("quantizer", method)),
        params(CompleteParams(entry.declaration, given)) {}

  // The state at step `to` of a training that goes on from `from`.
  CheckpointState Run(std::optional<CheckpointState> from, int64_t to) {
    SoloGroup alone;
    Between checkpoints(std::move(from), to);
    const int bits = Golden().at("bits");
    const QuantizationContext context{
        teacher,  images,      params, protocol,
        false,    bits,        bits,   RandomStreams(Golden().at("seed")),
        progress, checkpoints, alone,  {},
        {},       &real};
    try {
      entry.function(context);
    } catch (const Error& error) {
      if (error.failure() != "interrupted") throw;
      return std::move(checkpoints.reached);
    }
    throw Error(ErrorKind::kInternal, "the training ended before the step it was to be cut at");
  }

  // What a training has before its first step, as if it were at `step`.
  CheckpointState At(int64_t step) {
    CheckpointState state = Run(std::nullopt, 0);
    state.values["step"] = step;
    return state;
  }

  const QuantizerRegistry::Entry& entry;
  Json params;
  Teacher teacher = GoldenTeacher();
  Dataset real = RealImages();
  torch::Tensor images;
  Protocol protocol;
  QuietProgress progress;
};

std::string GeneratorKey(size_t parameter) {
  return "generator_adam..0." + std::to_string(parameter);
}

// Generator, activation ranges and centroids as the script has them.
CheckpointState FilledState(Training& training, const Json& golden) {
  CheckpointState state = training.At(golden.at("step"));
  const Json& parameters = golden.at("parameters");
  EXPECT_FALSE(state.tensors.contains(GeneratorKey(parameters.size()))) << "a parameter more";
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Json& of = parameters[i];
    state.tensors.at(GeneratorKey(i)) =
        FilledDouble(of.at("name"), of.at("shape"), of.at("low"), of.at("high"));
  }
  for (size_t site = 0; site < 7; ++site) {
    for (const auto& [end, at] : {std::pair{"lo", 0}, {"hi", 1}})
      state.tensors.at(fmt::format("student.range.{}.{}", site, end))
          .fill_(Golden().at("range").at(at).get<double>());
  }
  state.values["student.calibrations"] = 1000;  // the averages have forgotten their beginning
  if (!golden.contains("known")) return state;
  const std::vector<int64_t> widths = {4, 5, 6, 4, 7, 5, 8};
  for (const int label : golden.at("known")) {
    state.values["centroid."][static_cast<size_t>(label)] = widths.size();
    for (size_t norm = 0; norm < widths.size(); ++norm) {
      const std::string key = fmt::format("centroid.{}.{}.", label, norm);
      state.tensors[key + "mean"] = FilledDouble(key + "mean", {widths[norm]}, -1, 1);
      state.tensors[key + "variance"] = FilledDouble(key + "variance", {widths[norm]}, 0.1, 2);
    }
  }
  return state;
}

// Of a term, by its name in the script.
double ValueOf(const CheckpointState& state, const std::string& curve) {
  const Json& curves = state.values.at("curves");
  return curves.contains(curve) ? curves.at(curve).at("last").get<double>() : 0;
}

void ExpectTerms(const CheckpointState& state, const Json& expected,
                 const std::map<std::string, std::string>& curves) {
  for (const auto& [name, value] : expected.items())
    ExpectNear(ValueOf(state, curves.at(name)), value, name);
}

class JointStepTest : public testing::TestWithParam<size_t> {
 protected:
  const Json& golden() const { return Golden().at("steps").at(GetParam()); }

  void ExpectGenerator(const CheckpointState& after) {
    Json terms = golden().at("terms");
    // The released diversity term moves nothing, and the script leaves it out.
    terms["sum"] = terms.at("sum").get<double>() + ValueOf(after, "diversity");
    ExpectTerms(after, terms,
                {{"cross_entropy", "labels"},
                 {"statistics", "statistics"},
                 {"class_cross_entropy", "class_labels"},
                 {"distortion", "distorted"},
                 {"alignment", "centres"},
                 {"centroid", "centroids"},
                 {"sum", "generator_loss"}});
    const double largest = LargestNorm(golden().at("gradients"));
    const Json& parameters = golden().at("parameters");
    for (size_t i = 0; i < parameters.size(); ++i) {
      const std::string name = parameters[i].at("name");
      const Json& expected = golden().at("gradients").at(name);
      // Adam's averages after its first step hold (1 − β₁)·g and (1 − β₂)·g².
      ExpectSummary(name, after.tensors.at(GeneratorKey(i) + ".exp_avg") / (1 - 0.5), expected,
                    largest);
      EXPECT_NEAR(after.tensors.at(GeneratorKey(i) + ".exp_avg_sq").sum().item<double>(),
                  (1 - 0.999) * std::pow(expected.at(0).get<double>(), 2),
                  kTolerance * std::pow(largest, 2))
          << name;
    }
  }

  void ExpectStudent(const CheckpointState& before, const CheckpointState& after) {
    const Json& student = golden().at("student");
    if (student.is_null()) {
      EXPECT_FALSE(after.values.at("curves").contains("loss")) << "the student is not trained yet";
    } else {
      ExpectTerms(
          after, student.at("terms"),
          {{"distillation", "distillation"}, {"cross_entropy", "cross_entropy"}, {"sum", "loss"}});
    }
    for (const auto& [key, tensor] : before.tensors) {
      if (!key.starts_with("student.") || key.starts_with("student.range")) continue;
      const torch::Tensor moved = after.tensors.at(key) - tensor;
      const std::string name = key.substr(std::string("student.").size());
      if (student.is_null()) {
        EXPECT_EQ(moved.abs().max().item<double>(), 0) << key;
      } else {
        ExpectSummary(key, moved, student.at("moved").at(name), LargestNorm(student.at("moved")));
      }
    }
  }
};

TEST_P(JointStepTest, HasTheLossesAndGradientsOfTheRestatement) {
  Training training(golden().at("method"), golden().at("given"));
  const CheckpointState before = FilledState(training, golden());
  const int64_t step = golden().at("step");
  const CheckpointState after = training.Run(before, step + 1);
  ExpectGenerator(after);
  ExpectStudent(before, after);
  if (!golden().contains("centroids")) return;
  for (const auto& [key, values] : golden().at("centroids").items()) {
    const torch::Tensor expected =
        torch::tensor(values.get<std::vector<double>>(), torch::kFloat64);
    EXPECT_TRUE(torch::allclose(after.tensors.at("centroid." + key), expected, 1e-6, 1e-9)) << key;
  }
  for (const auto& [key, tensor] : after.tensors) {
    if (!key.starts_with("centroid.")) continue;
    EXPECT_TRUE(golden().at("centroids").contains(key.substr(9))) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, JointStepTest,
                         testing::Range(size_t{0}, Golden().at("steps").size()),
                         [](const auto& info) {
                           return Golden().at("steps").at(info.param).at("name").get<std::string>();
                         });

// --- Learning rates ----------------------------------------------------------------------------

class JointRatesTest : public testing::TestWithParam<const char*> {};

// Of the declared budgets, which are the released configurations'.
TEST_P(JointRatesTest, FallAsTheReleasedPoliciesDo) {
  Json given = {{"batch", 2}, {"latents", 2}};
  const std::string method = GetParam();
  if (method == "clusterq" || method == "fdda") given["class_batch"] = 2;
  if (method == "clusterq") given["centroids_from"] = 90000;
  if (method == "qimera") given["mixed_classes"] = 2;
  Training training(method, given);
  CheckpointState state = training.At(0);
  state.values["student.calibrations"] = 1000;
  const auto factor = [&](const CheckpointState& after, const char* optimiser, const char* lr) {
    return after.values.at(std::string(optimiser) + "..rates").at(0).get<double>() /
           training.params.at(lr).get<double>();
  };
  int rows = 0;
  for (const Json& row : Golden().at("rates")) {
    if (row.at("method") != method) continue;
    ++rows;
    const int64_t step = row.at("step");
    state.values["step"] = step;
    const CheckpointState after = training.Run(state, step + 1);
    EXPECT_NEAR(factor(after, "generator_adam", "lr_generator"), row.at("generator").get<double>(),
                1e-12)
        << step;
    if (row.at("student").is_null()) {
      EXPECT_FALSE(after.values.at("curves").contains("loss")) << step;
    } else {
      EXPECT_NEAR(factor(after, "student_sgd", "lr"), row.at("student").get<double>(), 1e-12)
          << step;
    }
  }
  EXPECT_GT(rows, 8);
}

INSTANTIATE_TEST_SUITE_P(Methods, JointRatesTest,
                         testing::Values("gdfq", "qimera", "clusterq", "fdda"),
                         [](const auto& info) { return std::string(info.param); });

// --- Parts -------------------------------------------------------------------------------------

TEST(JointPartsTest, TheGeneratorMakesTheReferencesImage) {
  const Json& golden = Golden().at("generator");
  const auto shape = golden.at("inputs").get<std::vector<int64_t>>();
  ClassGenerator generator({{3, 8, 8}, shape[1], 4, /*conditional=*/false}, RandomStreams(0),
                           torch::kFloat64);
  const torch::NoGradGuard no_grad;
  const Json& parameters = Golden().at("steps").at(0).at("parameters");
  for (size_t i = 0; i < generator.Parameters().size(); ++i) {
    const Json& of = parameters.at(i);
    generator.Parameters()[i].copy_(
        FilledDouble(of.at("name"), of.at("shape"), of.at("low"), of.at("high")));
  }
  SoloGroup alone;
  const torch::Tensor images =
      generator.Images(alone, FilledDouble("inputs", shape, -2, 2), /*mixture=*/{});
  const torch::Tensor expected =
      torch::tensor(golden.at("pixels").get<std::vector<double>>(), torch::kFloat64);
  const torch::Tensor image = images[golden.at("image").get<int64_t>()].contiguous().flatten();
  EXPECT_LT((image - expected).abs().max().item<double>(), 1e-10);
}

// By the weights that a method declares: temperature, α, reduction. Labels are shares of classes.
TEST(JointPartsTest, StudentsMinimiseWhatTheirMethodSays) {
  const auto logits = [](const char* name) { return FilledDouble(name, {5, 4}, -9, 9); };
  const torch::Tensor shares = FilledDouble("shares", {5, 4}, 0, 1);
  for (const auto& [method, golden] : Golden().at("students").items()) {
    // The recipe of IntraQ trains its student with `finetune`.
    const bool finetuned = method == "intraq";
    const Json given =
        finetuned ? Json{{"distillation", 20}, {"reduction", "batch"}} : Json::object();
    const auto& declaration =
        QuantizerRegistry::Get("quantizer", finetuned ? "finetune" : method).declaration;
    torch::Tensor student = logits("student logits").set_requires_grad(true);
    const TrainingBatch batch{{}, shares / shares.sum(1, true), logits("teacher logits"), 5};
    const auto [distillation, cross_entropy] =
        LossOf(student, batch, Distillation::FromParams(CompleteParams(declaration, given)));
    ExpectNear(distillation.item<double>(), golden.at("terms").at("distillation"), method);
    ExpectNear(cross_entropy.item<double>(), golden.at("terms").at("cross_entropy"), method);
    (distillation + cross_entropy).backward();
    const torch::Tensor gradient =
        torch::tensor(golden.at("gradient").get<std::vector<double>>(), torch::kFloat64);
    EXPECT_TRUE(torch::allclose(student.grad().flatten(), gradient, 1e-9, 1e-12)) << method;
  }
}

// The cosine's ε is 1e-8 here and 1e-6 there, and the margins' mean is over max(Σ m, 1) instead of
// Σ m + 1e-6: parts in a million of terms of some thousandths.
TEST(JointPartsTest, IntraqsImagesMinimiseWhatItsScriptDoes) {
  const Json& golden = Golden().at("intraq");
  const Teacher teacher = GoldenTeacher();
  const Json params = CompleteParams(SynthesizerRegistry::Get("synthesizer", "intraq").declaration,
                                     golden.at("given"));
  QuietProgress progress;
  NoCheckpoints none;
  const SynthesisContext context{teacher, params, RandomStreams(Golden().at("seed")), progress,
                                 none};
  const int64_t finished = golden.at("finished"), count = golden.at("count");
  const IntraqObjective objective(
      context, {1, finished, count, {FilledDouble("finished", {finished, 3, 8, 8}, -2, 2)}});
  torch::Tensor x = FilledDouble("optimised", {count, 3, 8, 8}, -2, 2).set_requires_grad(true);
  const auto terms = objective.Terms(x);
  const auto value = [&](const char* name) { return terms.at(name).item<double>(); };
  const auto expected = [&](const char* name) { return golden.at("terms").at(name).get<double>(); };
  EXPECT_NEAR(value("bn_mean") + value("bn_variance"), expected("statistics"), 1e-8);
  EXPECT_NEAR(value("inception"), expected("inception"), 1e-7) << "the targets are float32";
  EXPECT_NEAR(value("margin_lower"), expected("lower"), 1e-8);
  EXPECT_NEAR(value("margin_upper"), expected("upper"), 1e-8);
  torch::Tensor sum;
  for (const auto& [name, term] : terms) sum = sum.defined() ? sum + term : term;
  sum.backward();
  const std::vector<double> gradient = SummaryOf("optimised", x.grad());
  for (size_t i = 0; i < 2; ++i)
    EXPECT_NEAR(gradient[i], golden.at("gradient").at(i).get<double>(), 1e-6);
}

}  // namespace
}  // namespace zerosweep
