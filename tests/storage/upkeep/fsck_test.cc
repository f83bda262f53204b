#include "storage/upkeep/fsck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "contract/checkpoint_folder.h"
#include "storage/artifacts/artifact_store.h"
#include "storage/results/sqlite.h"
#include "storage/upkeep/garbage.h"
#include "tests/support/sweep_rows.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

struct FsckTest : testing::Test {
  FsckTest() {
    AddCell(rows, {});
    writer.AddSweep("demo", "", Json::object(), rows.trials, rows.stages);
  }
  // Makes and publishes an artifact of a stage; commits it when told.
  std::string Make(const std::string& stage, const std::string& bytes, bool commit) {
    const std::string attempt = NewUuid();
    MakePrivateFolder(home.staging(attempt));
    WriteFileDurably(home.staging(attempt) / "data.bin", bytes);
    Manifest manifest{.stage = stage, .attempt = attempt, .files = {}, .metrics = {}};
    const std::string digest = SealArtifact(home.staging(attempt), manifest);
    ArtifactStore(home).Publish(attempt, stage, digest);
    if (commit) {
      writer.FinishAttempt(
          {.attempt = attempt, .stage = stage, .artifact = digest, .inputs = {}, .metrics = {}});
    }
    return digest;
  }
  fs::path Checkpoint(const std::string& stage, int64_t step) const {
    const fs::path folder = home.checkpoints(stage) / CheckpointName{"attempt", step}.Text();
    MakePrivateFolder(folder);
    for (const char* file : {kCheckpointStateFile, kCheckpointTensorsFile})
      WriteFileDurably(folder / file, "bytes");
    Manifest manifest{.stage = stage, .attempt = "attempt", .files = {}, .metrics = {}};
    SealArtifact(folder, manifest);
    return folder;
  }
  std::string StageOf(const char* kind) { return rows.NameOf(rows.trials[0], kind); }

  const TempFolder folder;
  const Home home{folder / "home"};
  HomeLock lock{home, SystemClock()};
  ResultsWriter writer{home, lock};
  SweepRows rows;
};

TEST_F(FsckTest, FindsNothingInAWholeHome) {
  Make(StageOf("teacher"), "teacher", true);
  Make(StageOf("synthesize"), "adoptable", false);
  EXPECT_TRUE(Fsck(home).empty());
}

TEST_F(FsckTest, FindsDamagedAndMissingArtifacts) {
  const std::string damaged = Make(StageOf("teacher"), "teacher", true);
  const std::string missing = Make(StageOf("synthesize"), "images", true);
  WriteFileDurably(home.artifact(damaged) / "data.bin", "rotten");
  fs::remove_all(home.artifact(missing));
  const std::vector<Finding> findings = Fsck(home);
  ASSERT_EQ(findings.size(), 2u);
  std::map<std::string, std::string> problems;
  for (const Finding& finding : findings) problems[finding.what] = finding.problem;
  EXPECT_THAT(problems.at("artifact " + damaged), testing::HasSubstr("'data.bin'"));
  EXPECT_THAT(problems.at("artifact " + missing), testing::HasSubstr("missing"));
}

TEST_F(FsckTest, FindsOrphansAndGarbageCollectionRemovesThem) {
  const std::string kept = Make(StageOf("teacher"), "teacher", true);
  const std::string loser = Make(StageOf("teacher"), "another teacher", false);
  const std::string unknown = Make(std::string(64, 'e'), "of no sweep", false);
  EXPECT_EQ(Fsck(home).size(), 2u);
  MakePrivateFolder(home.log("unknown-attempt").parent_path());
  WriteFileDurably(home.log("unknown-attempt"), "lines\n");
  WriteFileDurably(home.requests() / "x.reply.json", "{}");
  EXPECT_EQ(CollectGarbage(home, {}, 3600).artifacts, 0);  // too young
  const Garbage garbage = CollectGarbage(home, {}, -1);
  EXPECT_EQ(garbage.artifacts, 2);
  EXPECT_EQ(garbage.files, 2);
  EXPECT_TRUE(Fsck(home).empty());
  EXPECT_TRUE(fs::exists(home.artifact(kept)));
  EXPECT_FALSE(fs::exists(home.artifact(loser)));
  EXPECT_FALSE(fs::exists(home.artifact(unknown)));
}

TEST_F(FsckTest, GarbageCollectionLeavesTheLogsOfRunningSlots) {
  const fs::path log = home.folder / "logs" / "slots" / "node-1-0.log";
  MakePrivateFolder(log.parent_path());
  WriteFileDurably(log, "lines\n");
  EXPECT_EQ(CollectGarbage(home, {"an attempt at work"}, -1).files, 0);
  EXPECT_TRUE(fs::exists(log));
  EXPECT_EQ(CollectGarbage(home, {}, -1).files, 1);
  EXPECT_FALSE(fs::exists(log));
}

TEST_F(FsckTest, ChecksCheckpointsAndGarbageCollectionRemovesThoseNobodyNeeds) {
  const std::string open = StageOf("synthesize"), done = StageOf("teacher");
  Make(done, "teacher", true);
  const fs::path good = Checkpoint(open, 5), damaged = Checkpoint(open, 6);
  const fs::path of_done = Checkpoint(done, 7), unknown = Checkpoint(std::string(64, 'e'), 8);
  WriteFileDurably(damaged / "tensors.safetensors", "rotten");
  const fs::path unfinished = home.checkpoints(open) / ".unfinished-a-9";
  MakePrivateFolder(unfinished);
  WriteFileDurably(home.checkpoints() / "notes.txt", "a stranger's");

  std::map<std::string, std::string> problems;
  for (const Finding& finding : Fsck(home)) problems[finding.what] = finding.problem;
  EXPECT_THAT(problems, testing::UnorderedElementsAre(
                            testing::Pair("checkpoint " + open + "/attempt-6",
                                          testing::HasSubstr("'tensors.safetensors'")),
                            testing::Pair("checkpoint " + done, testing::HasSubstr("no stage")),
                            testing::Pair("checkpoint " + std::string(64, 'e'),
                                          testing::HasSubstr("no stage")),
                            testing::Pair("checkpoint notes.txt", testing::HasSubstr("nothing"))));

  EXPECT_EQ(CollectGarbage(home, {}, 3600).checkpoints, 0);  // too young
  EXPECT_EQ(CollectGarbage(home, {}, -1).checkpoints, 3);
  for (const fs::path& gone : {of_done, unknown, unfinished}) EXPECT_FALSE(fs::exists(gone));
  for (const fs::path& kept : {good, damaged, home.checkpoints() / "notes.txt"})
    EXPECT_TRUE(fs::exists(kept)) << kept;

  writer.Cancel({rows.trials[0].id});  // the only open trial
  EXPECT_EQ(CollectGarbage(home, {}, -1).checkpoints, 1);
  EXPECT_FALSE(fs::exists(good));
}

TEST_F(FsckTest, WhereTheDatabaseWasLostNothingIsGarbage) {
  const std::string digest = Make(StageOf("teacher"), "weights", true);
  const Home lost{folder / "lost"};
  HomeLock lost_lock(lost, SystemClock());
  const ResultsWriter empty(lost, lost_lock);
  fs::copy(home.artifacts(), lost.artifacts(), fs::copy_options::recursive);
  try {
    CollectGarbage(lost, {}, -1);
    FAIL() << "collected";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), testing::HasSubstr("`zerosweep run` your sweeps first"));
  }
  EXPECT_TRUE(fs::exists(lost.artifact(digest) / kManifestFile));
}

TEST_F(FsckTest, ADamagedDatabaseIsAFinding) {
  const Home damaged{folder / "damaged"};
  damaged.Create();
  WriteFileDurably(damaged.database(), std::string(8192, 'x'));
  const auto findings = Fsck(damaged);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].what, "database");
  EXPECT_THAT(findings[0].problem, testing::HasSubstr("damaged"));
  EXPECT_THAT(findings[0].advice, testing::HasSubstr("restore results.db"));
}

TEST_F(FsckTest, FindsBrokenReferences) {
  Database database(home.database(), OpenMode::kWrite);
  database.Exec("PRAGMA foreign_keys = OFF; INSERT INTO trial_stage VALUES (77, 88, 'x')");
  EXPECT_THAT(Fsck(home), testing::Contains(testing::Field(
                              &Finding::problem, testing::HasSubstr("of trial_stage refers to"))));
}

}  // namespace
}  // namespace zerosweep
