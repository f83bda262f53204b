#include "sweeps/plan/replay_plan.h"

#include <gmock/gmock.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kCells =
    "grid:\n"
    "  synthesizer: [real]\n"
    "  quantizer: [rounding]\n"
    "  bits: [w4a4]\n"
    "seeds: [7]\n";

// A plan's only trial, as if it had been run.
RecordedTrial Recorded(const Plan& plan) {
  RecordedTrial recorded;
  recorded.trial = plan.trials.at(0);
  recorded.state = State::kDone;
  recorded.stages = plan.stages;
  recorded.results.resize(plan.stages.size());
  return recorded;
}

struct ReplayPlanTest : testing::Test {
  ReplayPlan Replay(const RecordedTrial& recorded, const std::string& data = "", int threads = 0) {
    return Replay(recorded, folder.catalogue(), data, threads);
  }
  ReplayPlan Replay(const RecordedTrial& recorded, const Catalogue& catalogue,
                    const std::string& data = "", int threads = 0) {
    PlanOptions options;
    options.data = data;
    options.model_folders = {folder / "models"};
    options.threads = threads;
    options.home.folder = folder / "home";
    return PlanReplay(recorded, options, catalogue);
  }
  // The message of the error of this kind that planning gives.
  std::string ErrorOf(const RecordedTrial& recorded, ErrorKind kind, const std::string& data = "") {
    try {
      Replay(recorded, data);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "no error";
  }
  static std::vector<std::string> What(const ReplayPlan& replay) {
    std::vector<std::string> what;
    for (const Change& change : replay.changes) what.push_back(change.what);
    return what;
  }
  // As after an import: rows without paths.
  static RecordedTrial WithoutPaths(RecordedTrial recorded) {
    for (StageRow& stage : recorded.stages) {
      StageDesign design = *stage.design;
      design.files.clear();
      stage.design = std::make_shared<const StageDesign>(std::move(design));
    }
    return recorded;
  }
  const SweepFolder folder;
};

TEST_F(ReplayPlanTest, WhatHasNotChangedHasTheSameNames) {
  const Plan plan = folder.Expand(CifarSweep(kCells));
  fs::remove_all(folder / "home/cache");
  const ReplayPlan replay = Replay(Recorded(plan));
  EXPECT_THAT(replay.changes, IsEmpty());
  ASSERT_EQ(replay.plan.stages.size(), plan.stages.size());
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    EXPECT_EQ(replay.plan.stages[i].name, plan.stages[i].name);
    EXPECT_EQ(replay.plan.stages[i].design->files, plan.stages[i].design->files);
    EXPECT_EQ(replay.plan.stages[i].design->threads, plan.stages[i].design->threads);
  }
  EXPECT_EQ(replay.plan.trials.at(0).id, plan.trials.at(0).id);
  EXPECT_FALSE(fs::exists(folder / "home/cache")) << "the home is only read";
  for (const StageRow& stage : Replay(Recorded(plan), "", 3).plan.stages)
    EXPECT_EQ(stage.design->threads, 3);
}

TEST_F(ReplayPlanTest, RevisionsAreThoseOfTheCatalogue) {
  const Plan plan = folder.Expand(CifarSweep(kCells));
  Declarations changed = TestDeclarations();
  Named(changed, Role::kKind, "evaluate").revision = 9;
  Named(changed, Role::kQuantizer, "rounding").revision = 5;
  const ReplayPlan replay = Replay(Recorded(plan), Catalogue(changed, TestRecipes()));
  EXPECT_THAT(What(replay), ElementsAre("revision of quantize rounding", "revision of evaluate"));
  EXPECT_EQ(replay.changes[0].recorded, "4");
  EXPECT_EQ(replay.changes[0].now, "5");
  EXPECT_EQ(replay.plan.stages[0].name, plan.stages[0].name);
  const TrialRow& trial = replay.plan.trials[0];
  EXPECT_NE(trial.id, plan.trials[0].id);
  EXPECT_EQ(DesignOf(replay.plan, trial, "quantize").revision, 5);
  // The same as a sweep of that catalogue would name it.
  folder.Write("sweep.yaml", CifarSweep(kCells));
  EXPECT_EQ(trial.id,
            ExpandSweep(folder.Options(), Catalogue(changed, TestRecipes())).trials[0].id);
}

TEST_F(ReplayPlanTest, FilesThatChangedAreNamedWithTheirDigests) {
  const RecordedTrial recorded = Recorded(folder.Expand(CifarSweep(kCells)));
  folder.Write("data/calibration_batch.bin", "other images");
  const ReplayPlan replay = Replay(recorded);
  EXPECT_THAT(What(replay),
              ElementsAre("calibration images of cifar10 in " + (folder / "data").string()));
  const Json& params = DesignOf(replay.plan, replay.plan.trials[0], "synthesize").params;
  EXPECT_EQ(params.at("data"), replay.changes[0].now);
  folder.Write("data/net.safetensors", "other weights");
  EXPECT_THAT(What(Replay(recorded)),
              testing::Contains("weights " + (folder / "data/net.safetensors").string()));
}

TEST_F(ReplayPlanTest, FilesThatMovedAreFoundByTheirDigest) {
  const RecordedTrial recorded = Recorded(folder.Expand(CifarSweep(kCells)));
  fs::rename(folder / "data", folder / "moved");
  EXPECT_THAT(ErrorOf(recorded, ErrorKind::kStorage),
              AllOf(HasSubstr("weights of model net"), HasSubstr("--data")));
  EXPECT_THAT(Replay(recorded, folder / "moved").changes, IsEmpty());
  EXPECT_THAT(Replay(WithoutPaths(recorded), folder / "moved").changes, IsEmpty())
      << "as after an import";
  // A copy with other images does not hide the right one.
  folder.Write("wrong/test_batch.bin", "wrong");
  fs::rename(folder / "moved", folder / "data");
  EXPECT_THAT(Replay(recorded, folder / "wrong").changes, IsEmpty());
  fs::remove(folder / "data/test_batch.bin");
  fs::remove(folder / "wrong/test_batch.bin");
  EXPECT_THAT(ErrorOf(recorded, ErrorKind::kStorage),
              HasSubstr("the test images of dataset cifar10 are not there"));
  EXPECT_THAT(ErrorOf(recorded, ErrorKind::kUsage, folder / "nowhere"),
              HasSubstr("there is no folder"));
}

TEST_F(ReplayPlanTest, ShippedModelsAreFoundWithoutTheirPath) {
  const Plan plan = folder.Expand(
      "name: t\ndata: fashion\nfixed: {model: small}\ngrid:\n  method: [noise]\n  bits: [w8a8]\n");
  const ReplayPlan replay = Replay(WithoutPaths(Recorded(plan)), folder / "fashion");
  EXPECT_THAT(replay.changes, IsEmpty());
  EXPECT_EQ(replay.plan.stages[0].design->files.at("weights"),
            (folder / "models/small.safetensors").string());
}

TEST_F(ReplayPlanTest, WhatTheCatalogueHasNoMoreCannotBeComputed) {
  const RecordedTrial recorded = Recorded(folder.Expand(CifarSweep(kCells)));
  Declarations changed = TestDeclarations();
  changed.by_role.at(Role::kQuantizer).clear();
  try {
    Replay(recorded, Catalogue(changed, TestRecipes()));
    FAIL() << "it has no quantizer";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    EXPECT_THAT(error.what(), HasSubstr("has no quantizer 'rounding' any more"));
  }
}

TEST_F(ReplayPlanTest, TheExportedFormIsAnotherEvaluationOfTheSameNetwork) {
  const std::string integers = std::string(kCells) + "evaluate: {limit: 9, integer: true}\n";
  const RecordedTrial recorded = Recorded(folder.Expand(CifarSweep(integers)));
  // Other revisions of what is done already make no difference.
  Declarations changed = TestDeclarations();
  Named(changed, Role::kQuantizer, "rounding").revision = 5;
  PlanOptions options;
  options.home.folder = folder / "home";
  const Plan plan = PlanExportedForm(recorded, options, Catalogue(changed, TestRecipes()));
  for (size_t i = 0; i + 1 < plan.stages.size(); ++i)
    EXPECT_EQ(plan.stages[i].name, recorded.stages[i].name);
  EXPECT_EQ(plan.sweep, "export_" + recorded.trial.id.substr(0, 12));
  // The same trial as that of a sweep.
  const Plan sweep =
      folder.Expand(CifarSweep(std::string(kCells) + "evaluate: {limit: 9, form: exported}\n"));
  EXPECT_EQ(plan.trials.at(0).id, sweep.trials.at(0).id);
  EXPECT_EQ(plan.trials.at(0).configuration->resolved, sweep.trials.at(0).configuration->resolved);
}

}  // namespace
}  // namespace zerosweep
