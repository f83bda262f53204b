#include "storage/bundles/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "storage/artifacts/artifact_store.h"
#include "storage/results/recorded_trial.h"
#include "storage/results/sqlite.h"
#include "storage/upkeep/fsck.h"
#include "tests/support/results_home.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// A home whose trials have real artifacts.
struct Cluster : ResultsHome {
  // Publishes an artifact and finishes the stage with it.
  void Finish(const std::string& stage, double top1) {
    const std::string attempt = NewUuid();
    writer.StartAttempt({.id = attempt, .stage = stage, .worker = "node", .device = "cpu"});
    MakePrivateFolder(home.staging(attempt));
    std::ofstream(home.staging(attempt) / "data.bin") << stage;
    Manifest manifest{.stage = stage, .attempt = attempt, .metrics = {{"top1", top1}}};
    const std::string digest = SealArtifact(home.staging(attempt), manifest);
    const Published published = ArtifactStore(home).Publish(attempt, stage, digest);
    writer.FinishAttempt({.attempt = attempt,
                          .stage = stage,
                          .artifact = digest,
                          .metrics = {{"top1", top1}, {"fp32_top1", 90}},
                          .seconds = 2,
                          .bytes = published.bytes});
  }
  void Trial(int64_t seed, double top1) {
    Cell({.seed = seed});
    Add();
    for (const size_t stage : rows.trials.back().stages) {
      const std::string& name = rows.stages[stage].name;
      if (writer.Status(name).state != State::kDone) Finish(name, top1);
    }
    const std::string& evaluate = rows.NameOf(rows.trials.back(), "evaluate");
    writer.AddCorrectness(evaluate, std::string("\x05", 1), 3);
    writer.AddCurve(evaluate, "loss", {0, 1}, {2, 1});
  }
  Json One(const std::string& sql) const {
    const Table table = Reader().Query(sql);
    return table.rows.empty() ? Json() : table.rows.at(0).at(0);
  }
};

constexpr const char* kTrials =
    "SELECT group_concat(seed || ' ' || state || ' ' || top1, ', ') FROM (SELECT * FROM v_trial "
    "WHERE sweep = 'demo' ORDER BY seed)";

struct BundleTest : testing::Test {
  fs::path Export(const Cluster& from) {
    const fs::path file = folder / "demo.bundle";
    ExportBundle(from.home, "demo", file);
    return file;
  }
  // What the import says, or its error.
  static std::string Import(Cluster& into, const fs::path& file) {
    try {
      const BundleCounts counts = ImportBundle(into.home, into.writer, file);
      return fmt::format("{} trials, {} new, {} results, {} artifacts", counts.trials,
                         counts.trials_new, counts.stages_taken, counts.artifacts_new);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
      return error.what();
    }
  }
  const TempFolder folder;
  Cluster a, b;
};

TEST_F(BundleTest, ResultsOfTwoClustersBecomeOneLeaderboard) {
  a.Trial(0, 88);
  a.Trial(1, 87);
  b.Trial(1, 86.5);  // the same trial elsewhere: what is there stays
  b.Trial(2, 85);
  EXPECT_EQ(Import(b, Export(a)), "2 trials, 1 new, 3 results, 3 artifacts");
  EXPECT_EQ(b.One(kTrials), "0 done 88.0, 1 done 86.5, 2 done 85.0");
  EXPECT_TRUE(Fsck(b.home).empty());
  // Everything of a taken stage came along.
  EXPECT_EQ(b.One("SELECT count(*) FROM correctness"), 3);
  EXPECT_EQ(b.One("SELECT count(*) FROM curve"), 3);
  EXPECT_EQ(b.One("SELECT count(*) FROM v_attempt WHERE outcome = 'superseded'"), 4);
  EXPECT_EQ(b.One("SELECT seconds FROM v_trial WHERE seed = 0"), 8);
  // Once more changes nothing.
  EXPECT_EQ(Import(b, Export(a)), "2 trials, 0 new, 0 results, 0 artifacts");
  EXPECT_EQ(b.One(kTrials), "0 done 88.0, 1 done 86.5, 2 done 85.0");
  EXPECT_EQ(b.One("SELECT count(*) FROM v_attempt WHERE outcome = 'superseded'"), 4);
}

TEST_F(BundleTest, AnEmptyHomeTakesAll) {
  a.Trial(0, 88);
  a.Cell({.seed = 7});  // not done: stays to be done
  a.Add();
  EXPECT_EQ(Import(b, Export(a)), "2 trials, 2 new, 4 results, 4 artifacts");
  EXPECT_EQ(b.One("SELECT group_concat(state) FROM (SELECT state FROM v_trial ORDER BY seed)"),
            "done,open");
  EXPECT_EQ(b.One("SELECT ended FROM trial WHERE seed = 0"),
            a.One("SELECT ended FROM trial WHERE seed = 0"));
  EXPECT_TRUE(Fsck(b.home).empty());
  // And gives them on.
  Cluster c;
  EXPECT_EQ(Import(c, Export(b)), "2 trials, 2 new, 4 results, 4 artifacts");
}

// The format of bundles keeps whole parameters and seeds: any version takes them from any other.
TEST_F(BundleTest, HoldsStagesAndTrialsWhole) {
  a.Cell({.seed = 7, .also = {{"/profile", "smoke"}, {"/threads", {{"quantize", 2}}}}});
  a.Add();
  const fs::path file = Export(a);
  Database bundle(file, OpenMode::kImmutable);
  for (const StageRow& stage : a.rows.stages) {
    Statement& found = bundle.Prepare("SELECT params FROM stage WHERE name = ?");
    ASSERT_TRUE(found.Bind(stage.name).Step());
    EXPECT_EQ(found.Text(0), CanonicalJson(ParamsOf(stage)));
  }
  EXPECT_EQ(Json::parse(bundle.Scalar("SELECT seeds FROM trial")),
            (Json{{"/profile", "smoke"},
                  {"/seeds", {{"quantize", 7}, {"synthesis", 7}}},
                  {"/threads", {{"quantize", 2}}}}));
  Import(b, file);
  const std::string trial = a.rows.trials[0].id;
  const RecordedTrial before = ReadRecordedTrial(a.Reader(), trial);
  const RecordedTrial after = ReadRecordedTrial(b.Reader(), trial);
  EXPECT_EQ(after.trial.seeds, before.trial.seeds);
  EXPECT_EQ(after.trial.configuration->resolved, before.trial.configuration->resolved);
  EXPECT_EQ(after.stages.size(), 4u);
}

// A stranger's bundle may say that a trial of ours needs other stages than it does.
TEST_F(BundleTest, StagesOfKnownTrialsStay) {
  a.Trial(0, 88);
  a.Trial(1, 87);
  b.Trial(0, 86);
  const fs::path file = Export(a);
  Database(file, OpenMode::kWrite)
      .Exec(fmt::format("UPDATE trial_stage SET stage = '{}' WHERE trial = '{}' AND kind = "
                        "'synthesize'",
                        a.rows.NameOf(a.rows.trials[1], "synthesize"), a.rows.trials[0].id));
  EXPECT_EQ(Import(b, file), "2 trials, 1 new, 3 results, 3 artifacts");
  EXPECT_EQ(b.One("SELECT count(*) FROM v_trial_stage WHERE trial = '" + a.rows.trials[0].id + "'"),
            4);
}

TEST_F(BundleTest, ADoneStageHealsOneThatFailedHere) {
  a.Trial(0, 88);
  b.Cell({.seed = 0});
  b.Add();
  const std::string& stage = b.rows.NameOf(b.rows.trials[0], "quantize");
  b.writer.StartAttempt({.id = "x", .stage = stage, .worker = "w", .device = "cpu"});
  b.writer.FailAttempt({.attempt = "x",
                        .stage = stage,
                        .failure = Failure::kOutOfMemory,
                        .message = "killed",
                        .log_tail = "",
                        .final = true});
  EXPECT_EQ(b.One("SELECT state FROM v_trial"), "failed");
  Import(b, Export(a));
  EXPECT_EQ(b.One(kTrials), "0 done 88.0");
  EXPECT_EQ(b.One("SELECT group_concat(number || ' ' || outcome, ', ') FROM v_attempt WHERE kind = "
                  "'quantize'"),
            "1 failed, 2 done");
}

TEST_F(BundleTest, AFailureComesWithItsReason) {
  a.Cell({.seed = 0});
  a.Add();
  const std::string& stage = a.rows.NameOf(a.rows.trials[0], "synthesize");
  a.writer.StartAttempt({.id = "x", .stage = stage, .worker = "w", .device = "cpu"});
  a.writer.FailAttempt({.attempt = "x",
                        .stage = stage,
                        .failure = Failure::kOutOfMemory,
                        .message = "killed by the system",
                        .log_tail = "",
                        .final = true});
  Import(b, Export(a));
  EXPECT_EQ(b.One("SELECT error FROM v_trial"), "synthesize: killed by the system");
}

TEST_F(BundleTest, AMissingOrDamagedArtifactIsNotExported) {
  a.Trial(0, 88);
  const std::string digest = a.One("SELECT artifact FROM v_artifact WHERE kind = 'quantize'");
  std::ofstream(a.home.artifact(digest) / "data.bin") << "other";
  const fs::path file = folder / "demo.bundle";
  EXPECT_THROW(ExportBundle(a.home, "demo", file), Error);
  fs::remove_all(a.home.artifact(digest));
  EXPECT_THROW(ExportBundle(a.home, "demo", file), Error);
  EXPECT_TRUE(fs::is_empty(folder.path())) << "nothing half-written stays";
}

TEST_F(BundleTest, AnUnknownSweepIsRefused) {
  a.Trial(0, 88);
  EXPECT_THROW(ExportBundle(a.home, "dem", folder / "x"), Error);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

// Each a bundle changed by hand; none may change the home.
TEST_F(BundleTest, BundlesFromStrangersAreRefusedWhole) {
  const struct {
    const char* sql;
    const char* message;
  } kChanges[] = {
      {"CREATE TRIGGER t AFTER INSERT ON metric BEGIN SELECT 1; END", "its trigger 't'"},
      {"CREATE VIEW v AS SELECT 1", "its view 'v'"},
      {"CREATE TABLE more (x)", "its table 'more'"},
      {"CREATE INDEX i ON metric (value)", "its index 'i'"},
      {"DROP TABLE curve", "it has no table curve"},
      {"ALTER TABLE metric ADD COLUMN more TEXT", "its table 'metric'"},
      {"PRAGMA user_version = 9", "its format is 9"},
      {"PRAGMA application_id = 1", "did not make it"},
      {"DELETE FROM sweep", "it must hold one sweep"},
      {"UPDATE stage SET params = '{\"seed\":99}' WHERE kind = 'quantize'",
       "has parameters that do not match its name"},
      {"UPDATE stage SET params = 'DROP TABLE trial' WHERE kind = 'quantize'", "parameters"},
      {"UPDATE trial SET method = '<script>'", "does not have the configuration that it names"},
      {"UPDATE configuration SET config = '{}'", "does not have the configuration that it names"},
      {"UPDATE trial SET state = 'won'", "has an invalid state or name"},
      {"UPDATE trial SET name = '../../etc'", "has an invalid state or name"},
      {"UPDATE attempt SET name = '../' || name", "has an invalid name"},
      {"UPDATE attempt SET name = '/etc/' || name", "has an invalid name"},
      {"UPDATE sweep SET name = '../demo'", "has an invalid name"},
      {"UPDATE sweep SET name = '<b>'", "has an invalid name"},
      {"UPDATE piece SET file = '../data.bin' WHERE file = 'data.bin'", "illegal file name"},
      {"UPDATE piece SET file = '/tmp/data.bin' WHERE file = 'data.bin'", "illegal file name"},
      {"UPDATE piece SET data = x'00' WHERE file = 'data.bin'", "'data.bin' is missing or damaged"},
      {"UPDATE correctness SET images = 1000000", "the correctness of stage"},
      {"UPDATE correctness SET images = -1", "the correctness of stage"},
      {"UPDATE curve SET points = 7", "the curve of stage"},
      {"UPDATE attempt SET outcome = 'won'", "the attempt of stage"},
      {"UPDATE signature SET facts = '{\"cpu\":\"another\"}'", "does not match its name"},
      {"UPDATE trial SET name = printf('%064d', 7)", "does not match its name"},
      {"DELETE FROM piece WHERE file = 'data.bin'", "'data.bin' is missing or damaged"},
      {"DELETE FROM piece", "has no files"},
      {"DELETE FROM artifact", "is done and its artifact is not there"}};
  a.Trial(0, 88);
  b.Trial(5, 80);
  for (const auto& change : kChanges) {
    const fs::path file = Export(a);
    Database(file, OpenMode::kWrite).Exec(change.sql);
    EXPECT_THAT(Import(b, file), HasSubstr(change.message)) << change.sql;
    EXPECT_EQ(b.One(kTrials), "5 done 80.0") << change.sql;
  }
  EXPECT_EQ(Import(b, Export(a)), "1 trials, 1 new, 3 results, 3 artifacts");
}

TEST_F(BundleTest, OtherFilesAreRefused) {
  const fs::path file = folder / "file";
  EXPECT_THAT(Import(b, file), HasSubstr("there is no such file"));
  std::ofstream(file) << "not a database, though long enough to look like one: "
                      << std::string(9000, 'x');
  EXPECT_THAT(Import(b, file), HasSubstr("cannot be read as a bundle"));
  a.Trial(0, 88);
  const fs::path bundle = Export(a);
  fs::resize_file(bundle, fs::file_size(bundle) / 2);
  EXPECT_THAT(Import(b, bundle), HasSubstr("cannot be read as a bundle"));
  EXPECT_THAT(Import(b, a.home.database()), HasSubstr("cannot be read as a bundle"));
}

// Folders without rows: the next import uses them, `gc` would remove them.
TEST_F(BundleTest, AnImportThatWasCutShortIsFinishedByTheNext) {
  a.Trial(0, 88);
  const fs::path file = Export(a);
  {
    Cluster half;
    Import(half, file);
    fs::copy(half.home.artifacts(), b.home.artifacts(), fs::copy_options::recursive);
  }
  EXPECT_EQ(Import(b, file), "1 trials, 1 new, 4 results, 0 artifacts");
  EXPECT_TRUE(Fsck(b.home).empty());
}

TEST_F(BundleTest, PathsOfThisMachineStayHere) {
  a.Trial(0, 88);
  Database(a.home.database(), OpenMode::kWrite)
      .Exec("UPDATE design SET files = '{\"data\":\"/home/me/canary\"}'");
  EXPECT_EQ(ReadFile(Export(a)).find("canary"), std::string::npos);
}

}  // namespace
}  // namespace zerosweep
