// One step of GDFQ, Qimera, ClusterQ and FDDA, of the generator and of the student, against a
// restatement in PyTorch of the papers' and the released trainers' formulas
// (tests/golden/make_joint_golden.py). Both sides compute in double precision; what is left are
// sums in another order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/engine/fill.h"
#include "tests/support/engine/joint_golden.h"

namespace zerosweep {
namespace {

constexpr double kTolerance = 1e-8;   // of a tensor's norm
constexpr double kOfLargest = 1e-11;  // of the largest norm of all: where sums cancel

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

void ExpectNearNumber(double actual, double expected, const std::string& what) {
  EXPECT_NEAR(actual, expected, kTolerance * std::max(1.0, std::abs(expected))) << what;
}

std::string GeneratorKey(size_t parameter) {
  return "generator_adam..0." + std::to_string(parameter);
}

// Generator, activation ranges and centroids as the script has them.
CheckpointState FilledState(GoldenTraining& training, const Json& golden) {
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
          .fill_(JointGolden().at("range").at(at).get<double>());
  }
  state.values["student.calibrations"] = 1000;  // the averages have forgotten their beginning
  if (!golden.contains("known")) return state;
  const std::vector<int64_t> widths = {4, 5, 6, 4, 7, 5, 8};
  const auto known = golden.at("known").get<std::vector<int>>();
  state.values["centroid.known"] = known;
  for (size_t norm = 0; norm < widths.size(); ++norm) {
    std::vector<torch::Tensor> means, variances;
    for (const int label : known) {
      const std::string key = fmt::format("centroid.{}.{}.", label, norm);
      means.push_back(FilledDouble(key + "mean", {widths[norm]}, -1, 1));
      variances.push_back(FilledDouble(key + "variance", {widths[norm]}, 0.1, 2));
    }
    state.tensors[fmt::format("centroid.{}.mean", norm)] = torch::stack(means);
    state.tensors[fmt::format("centroid.{}.variance", norm)] = torch::stack(variances);
  }
  return state;
}

// By the script's names: class, norm and moment, as "3.0.mean".
std::map<std::string, torch::Tensor> CentroidsIn(const CheckpointState& state) {
  std::map<std::string, torch::Tensor> centroids;
  const auto known = state.values.at("centroid.known").get<std::vector<int>>();
  for (const auto& [key, of_known] : state.tensors) {
    if (!key.starts_with("centroid.")) continue;
    EXPECT_EQ(of_known.size(0), static_cast<int64_t>(known.size()));
    for (size_t i = 0; i < known.size(); ++i)
      centroids[fmt::format("{}.{}", known[i], key.substr(9))] = of_known[static_cast<int64_t>(i)];
  }
  return centroids;
}

// Of a term, by its name in the script.
double ValueOf(const CheckpointState& state, const std::string& curve) {
  const Json& curves = state.values.at("curves");
  return curves.contains(curve) ? curves.at(curve).at("last").get<double>() : 0;
}

void ExpectTerms(const CheckpointState& state, const Json& expected,
                 const std::map<std::string, std::string>& curves) {
  for (const auto& [name, value] : expected.items())
    ExpectNearNumber(ValueOf(state, curves.at(name)), value, name);
}

class JointStepTest : public testing::TestWithParam<size_t> {
 protected:
  const Json& golden() const { return JointGolden().at("steps").at(GetParam()); }

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
  GoldenTraining training(golden().at("method"), golden().at("given"));
  const CheckpointState before = FilledState(training, golden());
  const int64_t step = golden().at("step");
  const CheckpointState after = training.Run(before, step + 1);
  ExpectGenerator(after);
  ExpectStudent(before, after);
  if (!golden().contains("centroids")) return;
  const auto centroids = CentroidsIn(after);
  EXPECT_EQ(centroids.size(), golden().at("centroids").size());
  for (const auto& [key, values] : golden().at("centroids").items()) {
    const torch::Tensor expected = GoldenNumbers(values);
    EXPECT_TRUE(torch::allclose(centroids.at(key), expected, 1e-6, 1e-9)) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, JointStepTest, testing::Range(size_t{0}, JointGolden().at("steps").size()),
    [](const testing::TestParamInfo<size_t>& info) {
      return JointGolden().at("steps").at(info.param).at("name").get<std::string>();
    });

}  // namespace
}  // namespace zerosweep
