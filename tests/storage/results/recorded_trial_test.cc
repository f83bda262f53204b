#include "storage/results/recorded_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "storage/results/sqlite.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {
using testing::HasSubstr;

struct RecordedTrialTest : testing::Test {
  RecordedTrial Read(const std::string& trial) { return ReadRecordedTrial(home.Reader(), trial); }
  // The message of the error of this kind that reading gives.
  std::string ErrorOf(const std::string& trial, ErrorKind kind) {
    try {
      Read(trial);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "no error";
  }
  ResultsHome home;
};

TEST_F(RecordedTrialTest, IsWhatWasAddedAndWhatCameOfIt) {
  home.Done({.method = "noise", .seed = 3, .params = {{"images", 64}}}, 80);
  home.Done({.method = "zeroq", .w_bits = 4, .seed = 5, .params = {{"lr", 1.0}}}, 70.5);
  const TrialRow& added = home.rows.trials.back();
  const RecordedTrial recorded = Read(added.id);
  EXPECT_EQ(recorded.state, State::kDone);
  EXPECT_EQ(recorded.trial.id, added.id);
  EXPECT_EQ(recorded.trial.seeds, added.seeds);
  EXPECT_EQ(recorded.trial.configuration->resolved, added.configuration->resolved);
  EXPECT_EQ(recorded.trial.configuration->bits, "w4a8");
  ASSERT_EQ(recorded.stages.size(), 4U);
  for (const char* kind : {"teacher", "synthesize", "quantize", "evaluate"}) {
    const StageRow& before = StageOf(added, kind, home.rows.stages);
    const StageRow& after = StageOf(recorded.trial, kind, recorded.stages);
    EXPECT_EQ(Json(SpecOf(after, recorded.stages)), Json(SpecOf(before, home.rows.stages)));
    EXPECT_EQ(after.seed, before.seed) << kind;
    for (const size_t input : after.inputs)
      EXPECT_LT(input, recorded.IndexOf(kind)) << "inputs come before users";
  }
  const RecordedStage& evaluated = recorded.results.at(recorded.IndexOf("evaluate"));
  EXPECT_EQ(evaluated.metrics.at("top1"), 70.5);
  EXPECT_EQ(evaluated.signature, (Json{{"cpu", "test"}, {"threads", 1}}));
  EXPECT_EQ(evaluated.artifact.size(), 64U);
  EXPECT_THROW(recorded.IndexOf("correct"), std::out_of_range);
}

TEST_F(RecordedTrialTest, ThreadsAreThoseOfTheAttemptThatCounts) {
  home.Done({}, 80);
  Database(home.home.database(), OpenMode::kWrite)
      .Exec("UPDATE signature SET facts = json_set(facts, '$.threads', 7)");
  for (const StageRow& stage : Read(home.rows.trials.back().id).stages)
    EXPECT_EQ(stage.design->threads, 7);
}

TEST_F(RecordedTrialTest, AnOpenTrialHasNoResults) {
  const std::string trial = home.Cell({}).id;
  home.Add();
  const RecordedTrial recorded = Read(trial);
  EXPECT_EQ(recorded.state, State::kOpen);
  EXPECT_EQ(recorded.results.front().artifact, "");
}

TEST_F(RecordedTrialTest, RowsThatWereChangedAreRefused) {
  home.Done({.params = {{"images", 64}}}, 80);
  const std::string trial = home.rows.trials.back().id;
  Database database(home.home.database(), OpenMode::kWrite);
  database.Exec(
      "UPDATE design SET params = json_set(params, '$.images', 65) WHERE kind = "
      "'synthesize'");
  EXPECT_THAT(ErrorOf(trial, ErrorKind::kStorage), HasSubstr("is not what its name says"));
  database.Exec("UPDATE signature SET facts = json_set(facts, '$.threads', 'many')");
  EXPECT_THAT(ErrorOf(trial, ErrorKind::kStorage), HasSubstr("is malformed"));
  database.Exec("UPDATE signature SET facts = json_set(facts, '$.threads', 0)");
  EXPECT_THAT(ErrorOf(trial, ErrorKind::kStorage), HasSubstr("computed on 0 threads"));
  database.Exec("UPDATE signature SET facts = json_set(facts, '$.threads', 1)");
  database.Exec("DELETE FROM trial_stage WHERE kind = 'synthesize'");
  EXPECT_THAT(ErrorOf(trial, ErrorKind::kStorage), HasSubstr("lacks a stage that it needs"));
  EXPECT_THAT(ErrorOf("abc", ErrorKind::kUsage), HasSubstr("there is no trial abc"));
}

}  // namespace
}  // namespace zerosweep
