// What every shipped recipe computes under every profile, by the catalogue that the programs have:
// no default changes unseen. A line of tests/sweeps/golden_recipe_names.txt holds the name of a
// stage and what it is the digest of. A line may change when a default is meant to change; then a
// `revision` or a parameter differs in it too. To write the file anew:
//
//   ZEROSWEEP_UPDATE_GOLDEN=1 ctest --test-dir build -R sweeps/recipe_names
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

std::filesystem::path GoldenFile() {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) /
         "tests/sweeps/golden_recipe_names.txt";
}

// One trial of the recipe on a ResNet-20 for CIFAR-10 whose weights and images are fixed bytes.
Plan PlanOf(const SweepFolder& folder, const Recipe& recipe, const std::string& profile) {
  const std::string& name = recipe.name;
  const char* bits = name == "zeroq_mp" ? "wmp4a4" : "w4a4";
  folder.Write("sweep.yaml", CifarSweep(fmt::format("  method: {}\n  bits: {}\nprofile: {}\n", name,
                                                    bits, profile)));
  return ExpandSweep(folder.Options(), CompiledCatalogue());
}

// A heading, and a line a stage: kind, implementation, revision, name, parameters.
std::string Listing(const SweepFolder& folder) {
  std::ostringstream text;
  for (const Recipe& recipe : CompiledCatalogue().recipes()) {
    for (const std::string profile : {"paper", "fast", "smoke"}) {
      const Plan plan = PlanOf(folder, recipe, profile);
      EXPECT_EQ(plan.trials.size(), 1U) << recipe.name;
      text << recipe.name << ' ' << profile << '\n';
      for (const size_t place : plan.trials.at(0).stages) {
        const StageRow& stage = plan.stages.at(place);
        const StageDesign& design = *stage.design;
        text << "  " << design.kind << ' ' << design.implementation << ' ' << design.revision << ' '
             << stage.name << ' ' << design.params.dump() << '\n';
      }
    }
  }
  return text.str();
}

TEST(RecipeNamesTest, StayAsTheyWere) {
  const SweepFolder folder;
  const std::string listing = Listing(folder);
  if (std::getenv("ZEROSWEEP_UPDATE_GOLDEN") != nullptr) std::ofstream(GoldenFile()) << listing;
  EXPECT_EQ(listing, ReadFile(GoldenFile()))
      << "a default of a recipe changed: see the head of tests/sweeps/e2e/recipe_names_test.cc";
}

}  // namespace
}  // namespace zerosweep
