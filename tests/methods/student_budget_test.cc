// Schedules and budgets of everything that trains a student, as its recipe resolves under a
// profile.
#include "engine/quant/student_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "engine/catalogue/declaration.h"
#include "engine/joint/joint_params.h"
#include "methods/finetune/settings.h"
#include "sweeps/catalogue.h"
#include "sweeps/methods.h"

namespace zerosweep {
namespace {

// What the recipe's student is trained with; "finetune": without a recipe.
struct Trained {
  Trained(const std::string& recipe, const std::string& profile) {
    const Catalogue catalogue(DescribeAll(), Json::array());
    Json block = {{"name", "finetune"}, {"params", Json::object()}};
    if (recipe != "finetune") {
      const char* source = std::getenv("ZEROSWEEP_SOURCE");
      const std::string file = (std::filesystem::path(source == nullptr ? "." : source) /
                                "sweeps/recipes" / (recipe + ".yaml"))
                                   .string();
      block = ParseRecipe(ParseYaml(ReadFile(file), file), catalogue).at("quantizer");
    }
    const std::string name = block.at("name");
    params = ResolveParams(catalogue.Get("quantizer", name, recipe), Json::object(),
                           block.at("params"), profile, "code");
    joint = name != "finetune";
    rate = joint ? StudentRate(params) : FinetuneSettings(params).rate;
    steps = params.at("iterations");
  }

  std::map<std::string, double> Budget(int64_t images, int64_t classes) const {
    return BudgetMetrics({steps, images, params.at("lr"), rate}, Distillation::FromParams(params),
                         classes);
  }

  Json params;
  bool joint = false;
  RateSchedule rate;
  int64_t steps = 0;
};

class StudentBudgetTest : public testing::TestWithParam<const char*> {
 protected:
  // Steps below a thousandth of the rate.
  static int64_t Idle(const RateSchedule& rate, int64_t steps) {
    int64_t idle = 0;
    for (int64_t step = 0; step < steps; ++step) idle += rate.Factor(step) < 1e-3 ? 1 : 0;
    return idle;
  }
};

// Half of the steps' rate, at the end near 0, and hardly a step that trains nothing.
TEST_P(StudentBudgetTest, UnderFastTheRateFallsToNothingWithinTheBudget) {
  const Trained student(GetParam(), "fast");
  const auto steps = static_cast<double>(student.steps);
  ASSERT_GE(steps, 500);
  EXPECT_GE(student.rate.Sum(student.steps) / steps, 0.45);
  EXPECT_LT(student.rate.Factor(student.steps - 1), 1e-3);
  EXPECT_LE(static_cast<double>(Idle(student.rate, student.steps)), 0.05 * steps);
  if (!student.joint) return;
  // The generator goes on making images for the student: its rate stays.
  const int64_t all = student.steps + student.params.at("warm_up").get<int64_t>();
  const RateSchedule generator = GeneratorRate(student.params);
  EXPECT_GE(generator.Sum(all) / static_cast<double>(all), 0.45);
  EXPECT_EQ(Idle(generator, all), 0);
}

TEST_P(StudentBudgetTest, UnderSmokeItFallsWithTheFewStepsToo) {
  const Trained student(GetParam(), "smoke");
  EXPECT_GE(student.rate.Sum(student.steps) / static_cast<double>(student.steps), 0.45);
  EXPECT_LT(student.rate.Factor(student.steps - 1), 0.1);
}

INSTANTIATE_TEST_SUITE_P(Students, StudentBudgetTest,
                         testing::Values("gdfq", "qimera", "clusterq", "fdda", "intraq",
                                         "finetune"),
                         [](const auto& info) { return std::string(info.param); });

// Of the released configurations, by a script of the audit (IntraQ: 3,200 + 400 + 40 + 18.2 steps
// at full rate).
TEST(StudentBudgetTest, PaperBudgetsAreThoseOfTheReleasedCodes) {
  struct Row {
    const char* recipe;
    int64_t images, classes;  // of one step
    double seen, lr_kd;
  };
  for (const Row& row : {Row{"gdfq", 200, 10, 15.84e6, 85.68},
                         {"qimera", 200, 10, 15.84e6, 85.68},
                         {"clusterq", 512, 10, 39.936e6, 808.8},
                         {"intraq", 256, 10, 7.5264e6, 2926.56},
                         {"fdda", 32, 1000, 2.24e6, 254.54}}) {
    const Trained student(row.recipe, "paper");
    const int64_t batch = student.params.at("batch");
    EXPECT_EQ(batch * (std::string(row.recipe) == "fdda" ? 2 : 1), row.images);
    const auto budget = student.Budget(row.images, row.classes);
    EXPECT_EQ(budget.at("images_seen"), row.seen) << row.recipe;
    EXPECT_NEAR(budget.at("lr_kd"), row.lr_kd, 0.01) << row.recipe;
  }
}

// The falls stand at the steps of the released configurations, counted from the student's first.
TEST(StudentBudgetTest, FallsOfFinetuneAreAtTheReleasedEpochs) {
  const auto fall_of = [](const RateSchedule& rate, int64_t steps) {
    std::vector<int64_t> falls;
    for (int64_t step = 1; step < steps; ++step)
      if (rate.Factor(step) < 0.5 * rate.Factor(step - 1)) falls.push_back(step);
    return falls;
  };
  const Trained intraq("intraq", "paper"), alone("finetune", "paper");
  EXPECT_EQ(fall_of(intraq.rate, intraq.steps), (std::vector<int64_t>{3200, 7200, 11200}));
  EXPECT_EQ(fall_of(alone.rate, alone.steps), (std::vector<int64_t>{19200, 39200, 59200}));
  Json imagenet = intraq.params;  // sweeps/papers/intraq.yaml: epoch 100 of 4 to 150
  imagenet["falls"] = "0.65306";
  EXPECT_EQ(fall_of(FinetuneSettings(imagenet).rate, intraq.steps), (std::vector<int64_t>{19200}));
}

// As in its code under `paper`: all images, and averages whose correction is fed back. Short
// profiles hold images out, and average cleanly: their forwards are too few for the code's rule.
TEST(StudentBudgetTest, TheRecipeOfIntraqFollowsItsCodeWhereItsBudgetDoes) {
  for (const auto& [profile, averages, heldout] :
       {std::tuple{"paper", "fed_back", 0.0}, {"fast", "clean", 0.1}, {"smoke", "clean", 0.1}}) {
    const Trained student("intraq", profile);
    EXPECT_EQ(student.params.at("averages"), averages) << profile;
    EXPECT_EQ(student.params.at("heldout"), heldout) << profile;
  }
  EXPECT_EQ(Trained("intraq", "paper").params.at("calibration"), 800);
  EXPECT_EQ(Trained("finetune", "fast").params.at("averages"), "clean");
}

}  // namespace
}  // namespace zerosweep
