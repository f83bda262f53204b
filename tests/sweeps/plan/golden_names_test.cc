// Names are forever: a stage that was computed under a name must be found under it by every later
// version. A line that changes here makes every home compute anew; raise a `revision` instead.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

// One line a trial and a stage, in the plan's order.
std::string Listing(const Plan& plan) {
  std::ostringstream text;
  for (const StageRow& stage : plan.stages) {
    text << stage.design->kind << ' ' << stage.design->implementation << ' ' << stage.name << '\n';
  }
  for (const TrialRow& trial : plan.trials) {
    text << "trial " << trial.configuration->method << ' '
         << fmt::format("w{}a{}", trial.configuration->w_bits, trial.configuration->a_bits) << ' '
         << trial.seeds.synthesis << ' ' << trial.configuration->protocol << ' ' << trial.id
         << '\n';
  }
  return text.str();
}

std::string Golden(const std::string& name) {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  std::ifstream file(std::filesystem::path(source == nullptr ? "." : source) / "tests/sweeps" /
                     name);
  std::stringstream golden;
  golden << file.rdbuf();
  return golden.str();
}

TEST(GoldenNamesTest, StayAsTheyWere) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(CifarSweep(
      "grid:\n  method: [zeroq, real, {recipe: sharp, synthesize: {lr: 1, swing: 2}}]\n"
      "  bits: [w8a8, {w: 4, a: 32}]\nseeds: [0, 1]\nprofile: fast\n"
      "include:\n  - {synthesizer: constant, quantizer: {percentile: {p: 0.999}}, bits: w2a3, "
      "protocol: {preset: genie, first_w: 4}, evaluate: {limit: 100}}\n"));
  EXPECT_EQ(Listing(plan), Golden("golden_names.txt"));
}

TEST(GoldenNamesTest, OfMixedPrecisionStayToo) {
  const SweepFolder folder;
  folder.Write("layers.json", R"({"conv1": 8, "fc": 4})");
  const Plan plan = folder.Expand(
      CifarSweep("grid:\n  method: [zeroq]\n  bits: [wmp4a8, {w: mp6, a: 6, choices: [2, 3, 8], "
                 "bucket: 8192, divergence: symmetric}, {w: layers.json, a: 4}]\n"));
  EXPECT_EQ(Listing(plan), Golden("golden_mixed_names.txt"));
}

}  // namespace
}  // namespace zerosweep
