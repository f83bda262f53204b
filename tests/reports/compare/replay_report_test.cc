#include "reports/compare/replay_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/engine/tensor_bytes.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// Two homes with the same trial; what the stages of the second came to is changed by each test.
struct ReplayReportTest : testing::Test {
  ReplayReportTest() {
    before.Done({.seed = 2}, 80);
    recorded = ReadRecordedTrial(before.Reader(), before.rows.trials.back().id);
    now = recorded;
  }
  RecordedStage& Now(const std::string& kind) { return now.results.at(now.IndexOf(kind)); }
  ReplayReport Report(double tolerance = 0, std::vector<Change> changes = {}) {
    return CompareReplay(recorded, before.home, now, after.home, std::move(changes), tolerance);
  }
  // Gives the quantize stage of a side an artifact of these weights, in its home.
  static void PutNetwork(ResultsHome& home, RecordedTrial& trial, const std::vector<float>& w) {
    const auto staging = home.folder / "staging";
    MakePrivateFolder(staging);
    WriteFileDurably(staging / "quantized.safetensors", TensorBytes({{"conv1", w}}));
    Manifest manifest{.stage = "s", .attempt = "a", .files = {}, .metrics = {}};
    const std::string digest = SealArtifact(staging, manifest);
    const auto place = home.home.artifact(digest);
    MakePrivateFolder(place.parent_path());
    std::filesystem::rename(staging, place);
    trial.results.at(trial.IndexOf("quantize")).artifact = digest;
  }
  ResultsHome before, after;
  RecordedTrial recorded, now;
};

TEST_F(ReplayReportTest, TheSameBytesAreBitIdentical) {
  const ReplayReport report = Report();
  EXPECT_EQ(report.verdict, ReplayVerdict::kBitIdentical);
  EXPECT_THAT(report.changes, IsEmpty());
  EXPECT_EQ(ReplaySentences(report), "bit-identical: all 4 stages made the recorded bytes\n");
  const Json json = ReplayJson(report);
  EXPECT_EQ(json.at("verdict"), "bit-identical");
  ASSERT_EQ(json.at("stages").size(), 4U);
  for (const Json& stage : json.at("stages")) EXPECT_EQ(stage.at("identical"), true);
  EXPECT_EQ(ReplayTable(report).rows.size(), 4U);
}

TEST_F(ReplayReportTest, EqualSaysWithinWhat) {
  PutNetwork(before, recorded, {1, 2});
  PutNetwork(after, now, {1, 2.5F});
  Now("evaluate").artifact = std::string(64, 'e');
  Now("evaluate").metrics["loss"] = 0.41;
  const ReplayReport report = Report();
  EXPECT_EQ(report.verdict, ReplayVerdict::kEqual) << "the same top-1";
  EXPECT_THAT(
      ReplaySentences(report),
      AllOf(HasSubstr("equal within 0 points of top-1: top1 is the same"),
            HasSubstr("loss differs by 0.01 (0.41, was 0.4)"), HasSubstr("agreement is the same"),
            HasSubstr("1 of 1 tensors differ, by 0.5 at most (quantized.safetensors: "
                      "conv1)"),
            HasSubstr("nothing that is recorded of the environment has changed")));
  const Json stages = ReplayJson(report).at("stages");
  EXPECT_EQ(stages.at(recorded.IndexOf("quantize")).at("artifact").at("largest"), 0.5);
  EXPECT_EQ(stages.at(recorded.IndexOf("evaluate")).at("artifact"), nullptr)
      << "its record is not there";
}

TEST_F(ReplayReportTest, TheToleranceIsInPointsOfTop1) {
  Now("evaluate").metrics["top1"] = 79.7;
  EXPECT_EQ(Report().verdict, ReplayVerdict::kDifferent);
  EXPECT_EQ(Report(0.2).verdict, ReplayVerdict::kDifferent);
  EXPECT_EQ(Report(0.3).verdict, ReplayVerdict::kEqual) << "whatever its last bits";
  EXPECT_THAT(ReplaySentences(Report()),
              HasSubstr("different: top1 differs by 0.3 (79.7, was 80); loss is the same"));
  Now("evaluate").metrics.erase("top1");
  EXPECT_EQ(Report(100).verdict, ReplayVerdict::kDifferent) << "nothing to compare";
}

TEST_F(ReplayReportTest, WithoutLabelsItIsInPointsOfAgreement) {
  recorded.results.at(recorded.IndexOf("evaluate")).metrics.erase("top1");
  Now("evaluate").metrics.erase("top1");
  Now("evaluate").metrics["agreement"] = 94.75;
  EXPECT_EQ(Report(0.2).verdict, ReplayVerdict::kDifferent);
  EXPECT_EQ(Report(0.25).verdict, ReplayVerdict::kEqual);
  EXPECT_THAT(ReplaySentences(Report(0.25)), HasSubstr("equal within 0.25 points of agreement: "));
}

TEST_F(ReplayReportTest, WhatChangedIsNamedOnceOrWithItsStages) {
  for (RecordedStage& stage : now.results) stage.signature["cpu"] = "another";
  Now("quantize").signature["threads"] = 2;
  Now("evaluate").signature["threads"] = 2;
  Now("teacher").signature["ranks"] = 4;
  const ReplayReport report = Report(0, {{"revision of quantize minmax", "1", "2"}});
  EXPECT_EQ(report.verdict, ReplayVerdict::kBitIdentical);
  EXPECT_THAT(ReplaySentences(report),
              AllOf(HasSubstr("revision of quantize minmax: 2, was 1\n"),
                    HasSubstr("  cpu: another, was test\n"),
                    HasSubstr("  threads of quantize, evaluate: 2, was 1\n"),
                    HasSubstr("  ranks of teacher: 4, was not recorded\n")));
  EXPECT_EQ(ReplayJson(report).at("changes").size(), 4U);
}

TEST_F(ReplayReportTest, AStageThatFailedSaysWhy) {
  now.state = State::kFailed;
  for (const char* kind : {"quantize", "evaluate"}) {
    Now(kind).state = State::kFailed;
    Now(kind).artifact = "";
    Now(kind).metrics.clear();
    Now(kind).error = std::string(kind) == "quantize" ? "out of memory" : "needs quantize";
  }
  const ReplayReport report = Report();
  EXPECT_EQ(report.verdict, ReplayVerdict::kFailed);
  EXPECT_THAT(ReplaySentences(report), HasSubstr("failed: quantize: out of memory\n"));
  EXPECT_EQ(ReplayJson(report).at("stages").at(recorded.IndexOf("quantize")).at("now"), nullptr);
}

}  // namespace
}  // namespace zerosweep
