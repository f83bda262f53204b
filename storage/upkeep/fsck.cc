#include "storage/upkeep/fsck.h"

#include "base/error.h"
#include "storage/artifacts/checkpoints.h"
#include "storage/results/open_reading.h"
#include "storage/upkeep/garbage.h"

namespace zerosweep {
namespace {

constexpr const char* kRestore = "restore results.db from a copy or choose another --home";
constexpr const char* kUnreadable =
    "restore results.db from a copy; without one move it away: `zerosweep run` takes up what "
    "artifacts/ holds";
constexpr const char* kBringBack = "restore the folder from a copy, or choose another --home";
constexpr size_t kMaxDatabaseFindings = 20;

void CheckDatabase(Database& database, std::vector<Finding>& findings) {
  Statement integrity(database.get(), database.path().string(),
                      fmt::format("PRAGMA integrity_check({})", kMaxDatabaseFindings));
  while (integrity.Step()) {
    if (integrity.Text(0) != "ok") findings.push_back({"database", integrity.Text(0), kRestore});
  }
  Statement keys(database.get(), database.path().string(), "PRAGMA foreign_key_check");
  for (size_t n = 0; n < kMaxDatabaseFindings && keys.Step(); ++n) {
    findings.push_back({"database",
                        fmt::format("row {} of {} refers to a row of {} that is not there",
                                    keys.Int(1), keys.Text(0), keys.Text(2)),
                        kRestore});
  }
}

void CheckArtifacts(const Home& home, Database& database, std::vector<Finding>& findings) {
  const ArtifactStore store(home);
  Statement& rows = database.Prepare(R"(SELECT a.digest, min(d.kind || ' ' || g.name)
    FROM artifact a JOIN stage g ON g.artifact_id = a.id JOIN design d ON d.id = g.design_id WHERE g.state = 'done' GROUP BY a.id)");
  rows.Bind();
  while (rows.Step()) {
    const std::string digest = rows.Text(0);
    const auto folder = store.Find(digest);
    const std::string defect =
        folder ? DefectOf(*folder, digest) : "the folder or its manifest is missing";
    if (defect.empty()) continue;
    findings.push_back(
        {"artifact " + digest, fmt::format("{} (of {})", defect, rows.Text(1)), kBringBack});
  }
}

void CheckAll(const Home& home, Database& database, std::vector<Finding>& findings) {
  CheckDatabase(database, findings);
  CheckArtifacts(home, database, findings);
  for (const Published& orphan : Orphans(home, database)) {
    findings.push_back({"artifact " + orphan.digest, "no stage of the database refers to it",
                        "`zerosweep gc` removes it"});
  }
  for (const StrayCheckpoint& stray : StrayCheckpoints(home, database, /*thorough=*/true)) {
    if (stray.problem.empty()) continue;
    findings.push_back({"checkpoint " + stray.path.lexically_relative(home.checkpoints()).string(),
                        stray.problem,
                        stray.garbage ? "`zerosweep gc` removes it" : "remove it by hand"});
  }
}

}  // namespace

std::vector<Finding> Fsck(const Home& home, const ResultsOptions& options) {
  std::vector<Finding> findings;
  try {
    const ReadableDatabase opened = OpenForReading(home, options);
    CheckAll(home, *opened.database, findings);
  } catch (const Error& error) {
    if (error.failure() != Failure::kDamaged) throw;
    findings.push_back({"database", error.what(), kUnreadable});
  }
  return findings;
}

}  // namespace zerosweep
