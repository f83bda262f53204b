// Schedules and budgets of everything that trains a student, as its recipe resolves under a
// profile.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>

#include "engine/generative/generative_params.h"
#include "engine/quant/quantizer.h"
#include "engine/training/student_training.h"
#include "methods/finetune/settings.h"
#include "tests/support/engine/read_part.h"

namespace zerosweep {
namespace {

// A recipe's quantizer and what it sets of its parameters; "finetune" stands for itself.
std::pair<std::string, YAML::Node> QuantizerOf(const std::string& recipe) {
  if (recipe == "finetune") return {recipe, YAML::Node(YAML::NodeType::Map)};
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const std::filesystem::path folder = source == nullptr ? "." : source;
  const YAML::Node quantizer =
      YAML::LoadFile((folder / "sweeps/recipes" / (recipe + ".yaml")).string())["quantizer"];
  return {quantizer.begin()->first.as<std::string>(), quantizer.begin()->second};
}

Json Typed(const ParamSpec& param, const YAML::Node& value) {
  if (param.type == ParamType::kInt) return value.as<int64_t>();
  if (param.type == ParamType::kFloat) return value.as<double>();
  if (param.type == ParamType::kBool) return value.as<bool>();
  return value.as<std::string>();
}

// Every parameter under a profile, as sweeps resolve them: the recipe's value, else the profile's,
// else the default. The variants of these methods set nothing that the schedules know.
Json Resolved(const std::string& quantizer, const YAML::Node& recipe, const std::string& profile) {
  Json values = Json::object();
  for (const ParamSpec& param : QuantizerRegistry::Get(quantizer).declaration.params) {
    const auto of_profile = param.profiles.find(profile);
    values[param.name] =
        of_profile == param.profiles.end() ? param.default_value : of_profile->second;
    if (const YAML::Node given = recipe[param.name])
      values[param.name] = Typed(param, given.IsMap() ? given[profile] : given);
  }
  return values;
}

RateSchedule Finetune(const Json& params) {
  return FinetuneRate(FinetuneParams().Read("finetune", params));
}

// What the recipe's student is trained with.
struct Trained {
  Trained(const std::string& recipe, const std::string& profile) {
    const auto [name, given] = QuantizerOf(recipe);
    params = Resolved(name, given, profile);
    joint = name != "finetune";
    rate = joint ? StudentRate(ReadPart(GenerativeParams({}), params)) : Finetune(params);
    steps = params.at("iterations");
  }

  std::map<std::string, double> ProfileDefaults(int64_t images, int64_t classes) const {
    return StudentBudget({.iterations = steps,
                          .lr = params.at("lr"),
                          .rate = rate,
                          .distillation = ReadPart(DistillationParams(1, "element"), params)},
                         images, classes);
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
  const RateSchedule generator = GeneratorRate(ReadPart(GenerativeParams({}), student.params));
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
    const auto budget = student.ProfileDefaults(row.images, row.classes);
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
  EXPECT_EQ(fall_of(Finetune(imagenet), intraq.steps), (std::vector<int64_t>{19200}));
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
