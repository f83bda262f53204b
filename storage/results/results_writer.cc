// The writer: opening, batches, derived states.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "storage/home/file_system.h"
#include "storage/results/results_impl.h"
#include "storage/results/schema.h"

namespace zerosweep {
namespace fs = std::filesystem;

ResultsWriter::Impl::Impl(const Home& at, HomeLock& lock, const ResultsOptions& options)
    : home(at),
      network(options.network.value_or(IsNetworkFileSystem(at.folder))),
      db(at.database(), OpenMode::kWrite) {
  // WAL needs shared memory, which does not work across machines.
  db.Scalar(network ? "PRAGMA journal_mode = TRUNCATE" : "PRAGMA journal_mode = WAL");
  db.Exec(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -262144;"
      "PRAGMA wal_autocheckpoint = 8192");  // pages: 32 MiB of log, and fewer writes of one page
  Migrate(db);
  GiveBackSpace(db);
  // A holding of the lock that the database has not seen fences all earlier ones.
  db.Exec("BEGIN IMMEDIATE");
  if (db.Scalar("SELECT value FROM meta WHERE key = 'owner'") != lock.nonce()) {
    db.Prepare("UPDATE meta SET value = ? WHERE key = 'owner'").Run(lock.nonce());
    db.Exec("UPDATE meta SET value = CAST(value + 1 AS TEXT) WHERE key = 'epoch'");
  }
  epoch = std::stoll(db.Scalar("SELECT value FROM meta WHERE key = 'epoch'"));
  db.Exec("COMMIT");
}

StageNow LookUpStage(Database& db, const std::string& name) {
  Statement& find = db.Prepare("SELECT id, state FROM stage WHERE name = ?");
  if (!find.Bind(name).Step()) {
    Fail(ErrorKind::kInternal, "stage {} is not in the database", name);
  }
  StageNow stage{find.Int(0), find.Text(1)};
  find.Reset();
  return stage;
}

void ResultsWriter::Impl::Settle() {
  const double now = SystemClock().Unix();
  // A new trial may need a stage that an older, cancelled trial left.
  db.Prepare(R"(UPDATE stage SET state = 'open', error = NULL, ended = NULL
    WHERE state = 'cancelled' AND EXISTS (SELECT 1 FROM trial_stage x JOIN trial t ON t.id = x.trial_id
      WHERE x.stage_id = stage.id AND t.state = 'open'))")
      .Run();
  db
      .Prepare(fmt::format(
          R"(WITH RECURSIVE hit (id) AS (SELECT id FROM stage WHERE state = 'failed' UNION {})
    UPDATE stage SET state = 'failed', ended = ?, error = 'a stage that it needs has failed'
    WHERE state = 'open' AND id IN (SELECT id FROM hit))",
          kUsersOfHit))
      .Run(now);
  db.Prepare(
        R"(UPDATE trial SET state = 'failed', ended = ?, error = (SELECT x.kind || ': ' || stage.error
        FROM trial_stage x JOIN stage ON stage.id = x.stage_id
        WHERE x.trial_id = trial.id AND stage.state = 'failed' ORDER BY stage.ended, stage.id LIMIT 1)
    WHERE state = 'open' AND EXISTS (SELECT 1 FROM trial_stage x JOIN stage g ON g.id = x.stage_id
      WHERE x.trial_id = trial.id AND g.state = 'failed'))")
      .Run(now);
  db.Prepare(R"(UPDATE trial SET state = 'done', ended = ?
    WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM trial_stage x JOIN stage g ON g.id = x.stage_id
      WHERE x.trial_id = trial.id AND g.state <> 'done'))")
      .Run(now);
}

ResultsWriter::ResultsWriter(const Home& home, HomeLock& lock, const ResultsOptions& options)
    : impl_(std::make_unique<Impl>(home, lock, options)) {}

ResultsWriter::~ResultsWriter() = default;

void ResultsWriter::Begin() {
  if (impl_->batch) Fail(ErrorKind::kInternal, "a batch is already open");
  impl_->batch = std::make_unique<Transaction>(impl_->db, impl_->epoch);
}

void ResultsWriter::Commit() {
  if (!impl_->batch) Fail(ErrorKind::kInternal, "no batch is open");
  const auto batch = std::move(impl_->batch);  // rolled back if the commit fails
  batch->Commit();
}

std::unordered_set<std::string> ResultsWriter::Artifacts() const {
  const std::vector<std::string> digests = impl_->db.Texts("SELECT digest FROM artifact");
  return {digests.begin(), digests.end()};
}

StageStatus ResultsWriter::Status(const std::string& stage) const {
  return ReadStatuses(impl_->db, {stage}).front();
}

std::vector<StageStatus> ResultsWriter::Statuses(const std::vector<std::string>& stages) const {
  return ReadStatuses(impl_->db, stages);
}

std::vector<CostSample> ResultsWriter::Costs() const { return ReadCosts(impl_->db); }

bool ResultsWriter::PublishSnapshot() {
  if (!impl_->network) return false;
  const int64_t changes = sqlite3_total_changes64(impl_->db.get());
  if (changes == impl_->published_changes && fs::exists(impl_->home.snapshot())) return false;
  const fs::path temporary = impl_->home.snapshot().string() + ".tmp-" + NewUuid();
  try {
    impl_->db.Prepare("VACUUM INTO ?").Run(temporary.string());
    fs::rename(temporary, impl_->home.snapshot());
  } catch (...) {
    std::error_code code;
    fs::remove(temporary, code);
    throw;
  }
  FsyncFolder(impl_->home.folder);
  impl_->published_changes = changes;
  return true;
}

std::vector<CostSample> ReadCosts(Database& db) {
  Statement& select = db.Prepare(R"(SELECT d.kind, d.implementation, d.params, a.seconds,
      c.model, c.dataset, iif(n.facts ->> '$.device' = 'cpu', n.facts ->> '$.cpu', n.facts ->> '$.device'),
      c.config ->> '$.model.arch'
    FROM attempt a JOIN stage g ON g.id = a.stage_id JOIN design d ON d.id = g.design_id
    LEFT JOIN trial t ON t.id = (SELECT min(trial_id) FROM trial_stage x WHERE x.stage_id = g.id)
    LEFT JOIN configuration c ON c.id = t.configuration_id
    LEFT JOIN signature n ON n.id = a.signature_id
    WHERE a.outcome = 'done' ORDER BY a.ended DESC LIMIT 5000)");
  std::vector<CostSample> samples;
  while (select.Step()) {
    samples.push_back({select.Text(0), select.Text(1), ParseJson(select.Text(2), "design.params"),
                       select.Real(3), select.Text(4), select.Text(5), select.Text(6),
                       select.Text(7)});
  }
  return samples;
}

namespace {

// Reads a row that begins with state, artifact, tries, error.
StageStatus StatusOf(const Statement& row) {
  return {StateFromString(row.Text(0)), row.Text(1), static_cast<int>(row.Int(2)), row.Text(3)};
}

bool MostOfTable(Database& db, size_t stages) {
  constexpr size_t kMany = 1000;
  if (stages < kMany) return false;
  const std::string last = db.Scalar("SELECT max(id) FROM stage");
  return !last.empty() && std::stoull(last) < 4 * stages;
}

// Scans the table in its own order, which is faster than lookups by name for most of its rows.
std::vector<StageStatus> ScanStatuses(Database& db, const std::vector<std::string>& stages) {
  std::unordered_map<std::string_view, size_t> places;
  places.reserve(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) places.emplace(stages[i], i);
  std::vector<StageStatus> statuses(stages.size());
  Statement& select = db.Prepare(R"(SELECT g.state, a.digest, g.tries, g.error, g.name FROM stage g
    LEFT JOIN artifact a ON a.id = g.artifact_id ORDER BY g.id)");
  select.Bind();
  while (select.Step()) {
    const auto place = places.find(select.Text(4));
    if (place != places.end()) statuses[place->second] = StatusOf(select);
  }
  return statuses;
}

}  // namespace

std::vector<StageStatus> ReadStatuses(Database& db, const std::vector<std::string>& stages) {
  if (MostOfTable(db, stages.size())) return ScanStatuses(db, stages);
  Statement& select = db.Prepare(R"(SELECT g.state, a.digest, g.tries, g.error FROM stage g
    LEFT JOIN artifact a ON a.id = g.artifact_id WHERE g.name = ?)");
  std::vector<StageStatus> statuses(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    if (select.Bind(stages[i]).Step()) statuses[i] = StatusOf(select);
    select.Reset();
  }
  return statuses;
}

std::string OneLine(const std::string& text) {
  std::string line = Redact(text.substr(0, 2000));
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20; }, ' ');
  return line;
}

std::string CleanLines(const std::string& text, size_t max_bytes) {
  constexpr size_t kMaxLine = 2000;  // the redactor recurses over each line
  std::string clean;
  size_t at = text.size() > max_bytes ? text.size() - max_bytes : 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    clean += Redact(text.substr(at, std::min(end - at, kMaxLine)));
    if (end < text.size()) clean += '\n';
    at = end + 1;
  }
  return clean;
}

}  // namespace zerosweep
