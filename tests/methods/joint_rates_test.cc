// Learning rates of the joint methods at named steps, against the released policies as
// tests/golden/joint_losses.py restates them. Of the declared budgets, which are the released
// configurations'.
#include <gtest/gtest.h>

#include "tests/support/engine/joint_golden.h"

namespace zerosweep {
namespace {

class JointRatesTest : public testing::TestWithParam<const char*> {};

TEST_P(JointRatesTest, FallAsTheReleasedPoliciesDo) {
  Json given = {{"batch", 2}, {"latents", 2}};
  const std::string method = GetParam();
  if (method == "clusterq" || method == "fdda") given["class_batch"] = 2;
  if (method == "clusterq") given["centroids_from"] = 90000;
  if (method == "qimera") given["mixed_classes"] = 2;
  GoldenTraining training(method, given);
  CheckpointState state = training.At(0);
  state.values["student.calibrations"] = 1000;
  const auto factor = [&](const CheckpointState& after, const char* rates, const char* lr) {
    return after.values.at(rates).at(0).get<double>() / training.params().at(lr).get<double>();
  };
  int rows = 0;
  for (const Json& row : JointGolden().at("rates")) {
    if (row.at("method") != method) continue;
    ++rows;
    const int64_t step = row.at("step");
    state.values["step"] = step;
    const CheckpointState after = training.Run(state, step + 1);
    EXPECT_NEAR(factor(after, "generator_adam..rates", "lr_generator"),
                row.at("generator").get<double>(), 1e-12)
        << step;
    if (row.at("student").is_null()) {
      EXPECT_FALSE(after.values.at("curves").contains("loss")) << step;
    } else {
      EXPECT_NEAR(factor(after, "optimiser..rates", "lr"), row.at("student").get<double>(), 1e-12)
          << step;
    }
  }
  EXPECT_GT(rows, 8);
}

INSTANTIATE_TEST_SUITE_P(Methods, JointRatesTest,
                         testing::Values("gdfq", "qimera", "clusterq", "fdda"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace zerosweep
