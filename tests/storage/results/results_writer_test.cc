#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/results/results.h"
#include "storage/results/sqlite.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

struct ResultsWriterTest : testing::Test {
  ResultsWriterTest() {
    for (const double bits : {8.0, 4.0}) {
      for (const int64_t seed : {0, 1})
        AddCell(rows, {.w_bits = bits, .a_bits = bits, .seed = seed});
    }
  }
  int Add() {
    return writer.AddSweep("demo", "name: demo", Json::object(), rows.trials, rows.stages);
  }
  Json One(const std::string& sql) {
    const Table table = ResultsReader(home).Query(sql);
    return table.rows.empty() ? Json() : table.rows.at(0).at(0);
  }
  std::string StageOf(size_t trial, const char* kind) {
    return rows.NameOf(rows.trials[trial], kind);
  }
  void FailFinally(const std::string& stage, const std::string& message) {
    const std::string attempt = NewUuid();
    writer.StartAttempt({.id = attempt, .stage = stage, .worker = "w", .device = "cpu"});
    writer.FailAttempt({.attempt = attempt,
                        .stage = stage,
                        .failure = Failure::kCrash,
                        .message = message,
                        .log_tail = "",
                        .final = true});
  }

  const TempFolder folder;
  const Home home{folder / "home"};
  HomeLock lock{home, SystemClock()};
  ResultsWriter writer{home, lock};
  SweepRows rows;
};

TEST_F(ResultsWriterTest, AddingASweepTwiceAddsNothing) {
  EXPECT_EQ(Add(), 4);
  EXPECT_EQ(Add(), 0);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial"), 4);
  EXPECT_EQ(One("SELECT count(*) FROM v_stage"), 1 + 2 + 4 + 4);
}

TEST_F(ResultsWriterTest, WhatStagesAndTrialsShareIsOneRow) {
  Add();
  EXPECT_EQ(One("SELECT count(*) FROM design"), 1 + 1 + 2 + 1) << "quantize has one for each width";
  EXPECT_EQ(One("SELECT count(*) FROM configuration"), 2) << "of one width each";
  EXPECT_EQ(One("SELECT count(*) FROM execution"), 1);
}

TEST_F(ResultsWriterTest, StagesAreShownAsTheyWereAdded) {
  const Json params = Json::parse(
      R"({"a": 1.0, "lr": 4e-05, "s": "\"seed\":null", "sed": null, "t": {"seed": null}, "z\"": 1})");
  for (const std::optional<int64_t> seed : {std::optional<int64_t>(), std::optional<int64_t>(0),
                                            std::optional<int64_t>(-1'000'000'000'000)}) {
    const size_t place = rows.Add({.kind = "synthesize",
                                   .implementation = "odd",
                                   .params = params,
                                   .files = {{"data", "/a \"place\""}},
                                   .threads = 3},
                                  {}, seed);
    TrialRow trial = Renamed(rows.trials[0], fmt::format("odd {}", place));
    trial.stages = {place};
    rows.trials.push_back(trial);
  }
  Add();
  for (const StageRow& stage : rows.stages) {
    const Table shown = ResultsReader(home).Query(
        "SELECT kind, implementation, revision, params, files, threads, caused_by FROM v_stage "
        "WHERE stage = ?",
        {stage.name});
    ASSERT_EQ(shown.rows.size(), 1u);
    const auto needs = std::find_if(rows.trials.begin(), rows.trials.end(), [&](const TrialRow& t) {
      for (const size_t place : t.stages)
        if (rows.stages[place].name == stage.name) return true;
      return false;
    });
    const StageDesign& design = *stage.design;
    EXPECT_EQ(shown.rows[0],
              (std::vector<Json>{design.kind, design.implementation, design.revision,
                                 CanonicalJson(ParamsOf(stage)), Json(design.files).dump(),
                                 design.threads, needs->id}));
  }
}

TEST_F(ResultsWriterTest, ASweepIsWhatItsFileSaysNow) {
  Add();
  rows.trials.resize(1);
  EXPECT_EQ(Add(), 0);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE sweep = 'demo'"), 1);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE sweep IS NULL"), 3);
}

TEST_F(ResultsWriterTest, ASweepThatChangesBackIsInsertedAgain) {
  Add();
  const std::vector<TrialRow> all = rows.trials;
  rows.trials.resize(2);
  Add();
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE sweep = 'demo'"), 2);
  rows.trials = all;
  EXPECT_EQ(Add(), 0) << "no trial is new";
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE sweep = 'demo'"), 4);
}

TEST_F(ResultsWriterTest, FilesThatMovedAreFoundByStagesStillToBeRun) {
  Add();
  FinishStage(writer, StageOf(0, "teacher"));
  for (StageRow& stage : rows.stages) {
    StageDesign moved = *stage.design;
    moved.files["data"] = "/elsewhere";
    stage.design = std::make_shared<const StageDesign>(moved);
  }
  EXPECT_EQ(Add(), 0);
  const auto files = [&](const char* kind) {
    return One("SELECT files FROM v_stage WHERE stage = '" + StageOf(0, kind) + "'");
  };
  EXPECT_EQ(files("synthesize"), R"({"data":"/elsewhere"})");
  EXPECT_EQ(files("teacher"), "{}") << "what is done stays as it was made";
}

TEST_F(ResultsWriterTest, ATrialIsDoneWhenAllItsStagesAre) {
  Add();
  FinishStage(writer, StageOf(0, "teacher"), {{"fp32_top1", 90}}, 2);
  FinishStage(writer, StageOf(0, "synthesize"), {}, 10);
  FinishStage(writer, StageOf(0, "quantize"), {}, 3);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE state = 'done'"), 0);
  EXPECT_TRUE(FinishStage(writer, StageOf(0, "evaluate"), {{"top1", 88.5}, {"loss", 0.5}}, 1));
  const Table row = ResultsReader(home).Query(
      "SELECT top1, fp32_top1, loss, seconds, attempts, error FROM v_trial WHERE state = 'done'");
  ASSERT_EQ(row.rows.size(), 1u);
  EXPECT_EQ(row.rows[0], (std::vector<Json>{88.5, 90.0, 0.5, 16.0, 4, nullptr}));
  EXPECT_EQ(
      One("SELECT sum(seconds_paid) FROM v_stage WHERE caused_by = '" + rows.trials[0].id + "'"),
      16.0);
}

TEST_F(ResultsWriterTest, SecondsOfAResumedStageHoldThoseOfItsCheckpoint) {
  Add();
  const std::string stage = StageOf(0, "synthesize");
  writer.StartAttempt({.id = "first", .stage = stage, .worker = "node/slot 0", .device = "cpu"});
  writer.FailAttempt({.attempt = "first", .stage = stage, .seconds = 12});
  writer.StartAttempt({.id = "second", .stage = stage, .worker = "node/slot 0", .device = "cpu"});
  writer.FinishAttempt({.attempt = "second",
                        .stage = stage,
                        .artifact = Sha256Hex("images"),
                        .inputs = {},
                        .metrics = {},
                        .seconds = 5,
                        .earlier_seconds = 10,
                        .peak_bytes = 3e9});
  EXPECT_EQ(One("SELECT seconds FROM v_stage WHERE stage = '" + stage + "'"), 15.0);
  EXPECT_EQ(One("SELECT seconds_paid FROM v_stage WHERE stage = '" + stage + "'"), 17.0);
  EXPECT_EQ(One("SELECT group_concat(attempt || ' ' || peak_bytes) FROM v_attempt"),
            "second 3000000000.0");
}

TEST_F(ResultsWriterTest, TheFirstResultOfAStageWins) {
  Add();
  const std::string stage = StageOf(0, "teacher");
  EXPECT_TRUE(FinishStage(writer, stage, {{"fp32_top1", 90}}));
  EXPECT_FALSE(FinishStage(writer, stage, {{"fp32_top1", 10}}));
  EXPECT_EQ(One("SELECT value FROM v_metric WHERE name = 'fp32_top1'"), 90.0);
  EXPECT_EQ(
      One("SELECT group_concat(outcome, ' ') FROM (SELECT outcome FROM v_attempt ORDER BY number)"),
      "done superseded");
}

TEST_F(ResultsWriterTest, AFinalFailureReachesEveryTrialThatNeedsTheStage) {
  Add();
  const std::string stage = StageOf(0, "synthesize");
  FailFinally(stage, "no images\nTOKEN=hunter2");
  EXPECT_EQ(writer.Status(stage).state, State::kFailed);
  EXPECT_EQ(writer.Status(StageOf(0, "evaluate")).state, State::kFailed);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE state = 'failed' AND seed = 0"), 2);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE state = 'open' AND seed = 1"), 2);
  EXPECT_THAT(One("SELECT error FROM v_trial WHERE state = 'failed'").get<std::string>(),
              HasSubstr("synthesize " + stage.substr(0, 12) + ": no images TOKEN=[redacted]"));
}

TEST_F(ResultsWriterTest, AFailureThatIsNotFinalLeavesTheStageOpen) {
  Add();
  const std::string stage = StageOf(0, "teacher");
  writer.StartAttempt({.id = "attempt-1", .stage = stage, .worker = "w", .device = "cpu"});
  writer.FailAttempt({.attempt = "attempt-1",
                      .stage = stage,
                      .failure = Failure::kOutOfMemory,
                      .message = "killed",
                      .log_tail = ""});
  const StageStatus status = writer.Status(stage);
  EXPECT_EQ(status.state, State::kOpen);
  EXPECT_EQ(status.attempts, 1);
  EXPECT_EQ(status.error, "killed");
}

TEST_F(ResultsWriterTest, ANewTrialOfAFailedStageFailsAtOnce) {
  Add();
  FailFinally(StageOf(0, "synthesize"), "no images");
  AddCell(rows, {.w_bits = 2, .a_bits = 2, .seed = 0});
  EXPECT_EQ(Add(), 1);
  EXPECT_EQ(One("SELECT state FROM v_trial WHERE w_bits = 2"), "failed");
  EXPECT_THAT(One("SELECT error FROM v_trial WHERE w_bits = 2").get<std::string>(),
              HasSubstr("no images"));
}

TEST_F(ResultsWriterTest, ANewTrialWhoseStagesAreDoneIsDone) {
  Add();
  FinishTrial(writer, rows.stages, rows.trials[0], 88);
  const TrialRow twin = Renamed(rows.trials[0], "other name");
  rows.trials.push_back(twin);
  EXPECT_EQ(Add(), 1);
  EXPECT_EQ(One("SELECT state FROM v_trial WHERE method = 'other name'"), "done");
}

TEST_F(ResultsWriterTest, RetryReopensTheStageAndWhatNeedsIt) {
  Add();
  const std::string stage = StageOf(0, "synthesize");
  FailFinally(stage, "no images");
  EXPECT_EQ(writer.Retry({StageOf(0, "evaluate")}), 1 + 2 + 2);  // through what it needs
  EXPECT_EQ(writer.Status(stage).state, State::kOpen);
  EXPECT_EQ(writer.Status(stage).attempts, 0);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE state = 'open' AND error IS NULL"), 4);
  EXPECT_EQ(writer.Retry({stage}), 0);
  FinishTrial(writer, rows.stages, rows.trials[0], 88);
  EXPECT_EQ(One("SELECT max(number) FROM v_attempt WHERE stage = '" + stage + "'"), 2);
}

TEST_F(ResultsWriterTest, RetryDoesNotReviveTrialsThatAnotherFailureHolds) {
  Add();
  FailFinally(StageOf(0, "teacher"), "no weights");
  // Everything hangs from the teacher; reopening images alone reopens their teacher too.
  EXPECT_EQ(writer.Retry({StageOf(0, "synthesize")}), 11);
  FailFinally(StageOf(0, "quantize"), "bad bits");
  FailFinally(StageOf(1, "synthesize"), "no images");
  writer.Retry({StageOf(1, "synthesize")});
  EXPECT_EQ(One("SELECT group_concat(state, ' ') FROM (SELECT state FROM v_trial ORDER BY w_bits "
                "DESC, seed)"),
            "failed open open open");
}

TEST_F(ResultsWriterTest, RetryRevivesATrialThatSharesAllItsStages) {
  const TrialRow twin = Renamed(rows.trials[0], "other name");
  rows.trials.push_back(twin);
  Add();
  EXPECT_EQ(writer.Cancel({twin.id, rows.trials[1].id}), 2);
  const char* state = "SELECT state FROM v_trial WHERE method = 'other name'";
  EXPECT_EQ(writer.Retry({}, {twin.id}), 0);  // its stages were open all the time
  EXPECT_EQ(One(state), "open");
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE state = 'cancelled'"), 1);  // nobody else

  writer.Cancel({twin.id});
  FinishTrial(writer, rows.stages, rows.trials[0], 88);
  EXPECT_EQ(One(state), "cancelled");
  writer.Retry({}, {twin.id});
  EXPECT_EQ(One(state), "done");
}

TEST_F(ResultsWriterTest, CancelKeepsWhatOthersNeed) {
  Add();
  EXPECT_EQ(writer.Cancel({rows.trials[0].id, rows.trials[1].id}), 2);
  EXPECT_EQ(writer.Cancel({rows.trials[0].id}), 0);
  EXPECT_EQ(writer.Status(StageOf(0, "teacher")).state, State::kOpen);
  EXPECT_EQ(writer.Status(StageOf(0, "synthesize")).state, State::kOpen);  // the 4-bit trial's too
  EXPECT_EQ(writer.Status(StageOf(0, "evaluate")).state, State::kCancelled);
  EXPECT_EQ(writer.Retry({StageOf(0, "evaluate")}), 1 + 1);
  EXPECT_EQ(One("SELECT count(*) FROM v_trial WHERE state = 'cancelled'"), 1);
}

TEST_F(ResultsWriterTest, OpenAttemptsOfADeadCoordinatorEndWithoutBlame) {
  Add();
  const std::string stage = StageOf(0, "teacher");
  writer.StartAttempt({.id = "attempt-1", .stage = stage, .worker = "w", .device = "cpu"});
  EXPECT_EQ(writer.OpenAttempts(), std::vector<std::string>{"attempt-1"});
  EXPECT_EQ(writer.CloseOpenAttempts(), 1);
  EXPECT_EQ(writer.CloseOpenAttempts(), 0);
  EXPECT_EQ(writer.Status(stage).attempts, 0);
  EXPECT_EQ(One("SELECT failure FROM v_attempt"), "lost_worker");
  // Its artifact was published all the same: adopted on start.
  EXPECT_TRUE(writer.FinishAttempt(
      {.attempt = "attempt-1", .stage = stage, .artifact = "a1", .inputs = {}, .metrics = {}}));
  EXPECT_EQ(One("SELECT outcome FROM v_attempt"), "done");
  EXPECT_TRUE(writer.FinishAttempt({.attempt = "never-committed",
                                    .stage = StageOf(0, "synthesize"),
                                    .artifact = "a2",
                                    .inputs = {{"teacher", "a1"}},
                                    .metrics = {}}));
  EXPECT_EQ(One("SELECT worker FROM v_attempt WHERE attempt = 'never-committed'"), "adopted");
}

TEST_F(ResultsWriterTest, ARetryWithOtherThreadsIsMarked) {
  Add();
  const std::string stage = StageOf(0, "teacher");
  writer.StartAttempt(
      {.id = "a1", .stage = stage, .worker = "w", .device = "cuda:0", .threads = 2});
  writer.FailAttempt({.attempt = "a1",
                      .stage = stage,
                      .failure = Failure::kOutOfMemory,
                      .message = "",
                      .log_tail = ""});
  writer.StartAttempt(
      {.id = "a2", .stage = stage, .worker = "w", .device = "cuda:1", .threads = 4});
  writer.FinishAttempt(
      {.attempt = "a2", .stage = stage, .artifact = "x", .inputs = {}, .metrics = {}});
  EXPECT_EQ(One("SELECT signature_changed FROM v_attempt WHERE attempt = 'a2'"), 1);
  EXPECT_EQ(One("SELECT signature_changed FROM v_attempt WHERE attempt = 'a1'"), 0);
}

TEST_F(ResultsWriterTest, SignaturesAreStoredOnce) {
  Add();
  FinishTrial(writer, rows.stages, rows.trials[0], 88);
  EXPECT_EQ(One("SELECT count(DISTINCT signature) FROM v_attempt"), 1);
  EXPECT_EQ(One("SELECT count(*) FROM signature"), 1);
}

TEST_F(ResultsWriterTest, CostsAreThoseOfFinishedAttempts) {
  Add();
  FinishStage(writer, StageOf(0, "synthesize"), {}, 12.5);
  const std::vector<CostSample> costs = writer.Costs();
  ASSERT_EQ(costs.size(), 1u);
  EXPECT_EQ(costs[0].kind, "synthesize");
  EXPECT_EQ(costs[0].implementation, "zeroq");
  EXPECT_EQ(costs[0].seconds, 12.5);
  EXPECT_EQ(costs[0].params.at("synthesizer"), "zeroq");
  EXPECT_EQ(costs[0].model, rows.trials[0].configuration->model);
  EXPECT_EQ(costs[0].dataset, rows.trials[0].configuration->dataset);
}

TEST_F(ResultsWriterTest, CurvesAndCorrectnessAreBlobsOfStatedSize) {
  Add();
  const std::string stage = StageOf(0, "synthesize");
  writer.AddCurve(stage, "loss", {0, 1, 2}, {3, 2, 1});
  writer.AddCurve(stage, "loss", {0, 1}, {3, 2});
  EXPECT_EQ(One("SELECT points FROM curve"), 2);
  EXPECT_EQ(One("SELECT length(data) FROM curve"), 16);
  EXPECT_THROW(writer.AddCurve(stage, "x", std::vector<double>(513), std::vector<double>(513)),
               Error);
  writer.AddCorrectness(stage, std::string("\xff\x01", 2), 9);
  EXPECT_EQ(One("SELECT hex(bits) FROM correctness"), "FF01");
  EXPECT_THROW(writer.AddCorrectness(stage, "\xff", 9), Error);
}

TEST_F(ResultsWriterTest, NotANumberIsStoredAsMissing) {
  Add();
  FinishStage(writer, StageOf(0, "evaluate"), {{"loss", std::nan("")}});
  EXPECT_EQ(One("SELECT value FROM v_metric WHERE name = 'loss'"), Json());
}

TEST_F(ResultsWriterTest, AMethodThatFailsInABatchTakesNothingElseWithIt) {
  Add();
  writer.Begin();
  FinishStage(writer, StageOf(0, "teacher"));
  EXPECT_THROW(writer.StartAttempt({.id = "x", .stage = "unknown", .worker = "", .device = ""}),
               Error);
  writer.Commit();
  EXPECT_EQ(writer.Status(StageOf(0, "teacher")).state, State::kDone);
  EXPECT_THROW(writer.Commit(), Error);
}

TEST_F(ResultsWriterTest, AnUncommittedBatchIsNotSeenByReaders) {
  Add();
  writer.Begin();
  FinishStage(writer, StageOf(0, "teacher"));
  EXPECT_EQ(One("SELECT count(*) FROM v_attempt"), 0);
  writer.Commit();
  EXPECT_EQ(One("SELECT count(*) FROM v_attempt"), 1);
}

TEST_F(ResultsWriterTest, KilledInABatchLeavesACleanDatabase) {
  Add();
  const Home other{folder / "other"};
  const pid_t child = fork();
  if (child == 0) {
    HomeLock child_lock(other, SystemClock());
    ResultsWriter child_writer(other, child_lock);
    child_writer.AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
    child_writer.Begin();
    FinishStage(child_writer, StageOf(0, "teacher"));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  HomeLock next(other, SystemClock());
  ResultsWriter after(other, next);
  EXPECT_EQ(after.Status(StageOf(0, "teacher")).state, State::kOpen);
  EXPECT_EQ(ResultsReader(other).Query("SELECT * FROM v_trial").rows.size(), 4u);
  Database database(other.database(), OpenMode::kRead);
  EXPECT_EQ(database.Scalar("PRAGMA integrity_check"), "ok");
}

TEST_F(ResultsWriterTest, AFencedWriterWritesNothingMore) {
  Add();
  std::filesystem::remove(home.lock());  // as if it had been judged dead
  HomeLock thief(home, SystemClock());
  ResultsWriter second(home, thief);
  try {
    FinishStage(writer, StageOf(0, "teacher"));
    FAIL() << "a fenced writer wrote";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCluster);
    EXPECT_THAT(error.what(), HasSubstr("fenced"));
  }
  EXPECT_THROW(writer.Begin(), Error);
  EXPECT_EQ(second.Status(StageOf(0, "teacher")).state, State::kOpen);
  EXPECT_TRUE(FinishStage(second, StageOf(0, "teacher")));
}

TEST_F(ResultsWriterTest, NoSecretIsStored) {
  const std::string canary = "canary-9f8e7d";
  writer.AddSweep("demo", "name: demo  # API_TOKEN=" + canary, Json::object(), rows.trials,
                  rows.stages);
  const std::string stage = StageOf(0, "teacher");
  writer.StartAttempt({.id = "a1", .stage = stage, .worker = "w", .device = "cpu"});
  writer.FailAttempt({.attempt = "a1",
                      .stage = stage,
                      .failure = Failure::kCrash,
                      .message = "MY_SECRET=" + canary,
                      .log_tail = "line one\nexport DB_PASSWORD=" + canary + "\n",
                      .final = true});
  writer.Begin();
  writer.Commit();
  for (const auto& file : std::filesystem::recursive_directory_iterator(home.folder)) {
    if (!file.is_regular_file()) continue;
    EXPECT_EQ(ReadFile(file.path()).find(canary), std::string::npos) << file.path();
  }
  EXPECT_THAT(One("SELECT log_tail FROM v_attempt").get<std::string>(), HasSubstr("line one"));
}

TEST_F(ResultsWriterTest, AHundredThousandTrialsAreInsertedInSeconds) {
  SweepRows many;
  AddCell(many, {});
  const TrialRow sample = many.trials[0];
  many.trials.clear();
  for (int i = 0; i < 100'000; ++i) {
    StageRow evaluate = many.stages[sample.stages.back()];
    evaluate.name = fmt::format("{:064x}", i);
    TrialRow trial = sample;
    trial.id = fmt::format("{:064x}", i);
    trial.seeds.synthesis = i;
    trial.stages.back() = many.stages.size();
    many.stages.push_back(std::move(evaluate));
    many.trials.push_back(std::move(trial));
  }
  const double start = SystemClock().Monotonic();
  EXPECT_EQ(writer.AddSweep("many", "", Json::object(), many.trials, many.stages), 100'000);
  EXPECT_LT(SystemClock().Monotonic() - start, 30);  // 4 s on two quiet cores
  std::vector<std::string> names;
  for (const StageRow& stage : many.stages) names.push_back(stage.name);
  const double asked = SystemClock().Monotonic();
  EXPECT_EQ(writer.Statuses(names).size(), names.size());
  EXPECT_LT(SystemClock().Monotonic() - asked, 5);
}

TEST_F(ResultsWriterTest, PublishedNumbersAreReplacedWhenTheyChange) {
  PublishedRow row = {.paper = "zeroq",
                      .method = "ZeroQ",
                      .fp32 = 71.47,
                      .w_bits = "MP(avg4)",
                      .a_bits = "8",
                      .metric = "top1",
                      .value = 68.5,
                      .confidence = "primary"};
  writer.SetPublished({row});
  const char* sql = "SELECT paper, w_bits, a_bits, bits, value, fp32 FROM v_published";
  const auto rows = ResultsReader(home).Query(sql).rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], (std::vector<Json>{"zeroq", Json(), 8.0, "wMP(avg4)a8", 68.5, 71.47}));
  writer.SetPublished({row});  // nothing to do
  EXPECT_EQ(ResultsReader(home).Query(sql).rows.size(), 1u);
  row.fp32.reset();
  row.value = 69;
  writer.SetPublished({row, row});
  const auto changed = ResultsReader(home).Query(sql).rows;
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_EQ(changed[1][4], 69);
  EXPECT_TRUE(changed[1][5].is_null());
}

}  // namespace
}  // namespace zerosweep
