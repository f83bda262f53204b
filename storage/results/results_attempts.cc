// The writer: attempts start and end, and stages and trials with them.
#include <cstring>

#include "base/clock.h"
#include "storage/results/results_impl.h"

namespace zerosweep {
namespace {

constexpr size_t kMaxLogTail = 16 << 10;

int64_t SignatureId(Database& db, const Json& facts) {
  const std::string digest = JsonDigest(facts);
  db.Prepare("INSERT OR IGNORE INTO signature (digest, facts) VALUES (?, ?)")
      .Run(digest, facts.dump());
  return db.Prepare("SELECT id FROM signature WHERE digest = ?").FirstInt(digest);
}

int64_t ArtifactId(Database& db, const AttemptDone& done) {
  db.Prepare(R"(INSERT INTO artifact (digest, bytes, created) VALUES (?, ?, ?)
    ON CONFLICT (digest) DO NOTHING)")
      .Run(done.artifact, done.bytes, SystemClock().Unix());
  if (db.changes() > 0) return db.last_row();
  return db.Prepare("SELECT id FROM artifact WHERE digest = ?").FirstInt(done.artifact);
}

struct NumberedAttempt {
  int64_t id = 0;
  int64_t number = 1;  // among the attempts at its stage
};

NumberedAttempt InsertAttempt(Database& db, const AttemptRow& attempt, int64_t stage) {
  Statement& insert =
      db.Prepare(R"(INSERT INTO attempt (name, stage_id, number, worker, device, threads, started)
    VALUES (?1, ?2, (SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE stage_id = ?2),
      ?3, ?4, ?5, ?6) RETURNING id, number)");
  insert
      .Bind(attempt.id, stage, attempt.worker, attempt.device, attempt.threads,
            SystemClock().Unix())
      .Step();
  const NumberedAttempt inserted{insert.Int(0), insert.Int(1)};
  insert.Reset();
  return inserted;
}

// The attempt's row. An artifact adopted at start may come from an attempt whose row was never
// committed; the row is then inserted here.
NumberedAttempt FindAttempt(Database& db, const std::string& name, int64_t stage) {
  Statement& find = db.Prepare("SELECT id, number FROM attempt WHERE name = ?");
  if (find.Bind(name).Step()) {
    const NumberedAttempt found{find.Int(0), find.Int(1)};
    find.Reset();
    return found;
  }
  return InsertAttempt(db, {.id = name, .stage = "", .worker = "adopted", .device = "unknown"},
                       stage);
}

// Marks a retry with another number of threads or kind of device: its result can only be compared
// within a tolerance.
void MarkSignatureChange(Database& db, const NumberedAttempt& attempt) {
  if (attempt.number == 1) return;
  db.Prepare(R"(UPDATE attempt AS a SET signature_changed = EXISTS (SELECT 1 FROM attempt b
      WHERE b.stage_id = a.stage_id AND b.number < a.number AND (b.threads <> a.threads
        OR substr(b.device, 1, 3) <> substr(a.device, 1, 3))) WHERE id = ?)")
      .Run(attempt.id);
}

void StoreResult(Database& db, const AttemptDone& done, int64_t stage,
                 const NumberedAttempt& attempt) {
  const double now = SystemClock().Unix();
  db.Prepare(R"(UPDATE attempt SET ended = ?, outcome = 'done', error_kind = NULL, failure = NULL,
      message = NULL, seconds = ?, peak_bytes = nullif(?, 0), signature_id = ? WHERE id = ?)")
      .Run(now, done.seconds, done.peak_bytes, SignatureId(db, done.signature), attempt.id);
  MarkSignatureChange(db, attempt);
  for (const auto& [role, artifact] : done.inputs) {
    db.Prepare("INSERT OR REPLACE INTO attempt_input VALUES (?, ?, ?)")
        .Run(attempt.id, role, artifact);
  }
  for (const auto& [name, value] : done.metrics) {
    db.Prepare("INSERT OR REPLACE INTO metric VALUES (?, ?, ?)").Run(stage, name, value);
  }
  db.Prepare(R"(UPDATE stage SET state = 'done', artifact_id = ?, seconds = ?, error = NULL,
      ended = ? WHERE id = ?)")
      .Run(ArtifactId(db, done), done.earlier_seconds + done.seconds, now, stage);
}

// The stages that cannot be made without stage ?1, itself included.
const std::string kDependents =
    fmt::format("WITH RECURSIVE hit (id) AS (SELECT ?1 UNION {}) ", kUsersOfHit);

void FailDependents(Database& db, int64_t stage, const std::string& reason) {
  const double now = SystemClock().Unix();
  db.Prepare(kDependents + R"(UPDATE stage SET state = 'failed', ended = ?2,
      error = 'needs ' || ?3 WHERE state = 'open' AND id <> ?1 AND id IN (SELECT id FROM hit))")
      .Run(stage, now, reason);
  db.Prepare(kDependents + R"(UPDATE trial SET state = 'failed', ended = ?2, error = ?3
      WHERE state = 'open' AND id IN (SELECT trial_id FROM trial_stage
        WHERE stage_id IN (SELECT id FROM hit)))")
      .Run(stage, now, reason);
}

}  // namespace

void ResultsWriter::StartAttempt(const AttemptRow& attempt) {
  impl_->Do([&] {
    const int64_t stage = FindStage(impl_->db, attempt.stage);
    InsertAttempt(impl_->db, attempt, stage);
    impl_->db.Prepare("UPDATE stage SET tries = tries + 1 WHERE id = ?").Run(stage);
  });
}

bool ResultsWriter::FinishAttempt(const AttemptDone& done) {
  Database& db = impl_->db;
  return impl_->Do([&] {
    const StageNow stage = LookUpStage(db, done.stage);
    const NumberedAttempt attempt = FindAttempt(db, done.attempt, stage.id);
    if (stage.state == "done" || stage.state == "failed") {
      db.Prepare(
            "UPDATE attempt SET ended = ?, outcome = 'superseded', seconds = ? WHERE id = ? "
            "AND outcome IS NULL")
          .Run(SystemClock().Unix(), done.seconds, attempt.id);
      return false;
    }
    StoreResult(db, done, stage.id, attempt);
    db.Prepare(R"(UPDATE trial SET state = 'done', ended = ?2, error = NULL
      WHERE state = 'open' AND id IN (SELECT trial_id FROM trial_stage WHERE stage_id = ?1)
        AND NOT EXISTS (SELECT 1 FROM trial_stage x JOIN stage g ON g.id = x.stage_id
          WHERE x.trial_id = trial.id AND g.state <> 'done'))")
        .Run(stage.id, SystemClock().Unix());
    return true;
  });
}

void ResultsWriter::FailAttempt(const AttemptFailed& failed) {
  Database& db = impl_->db;
  impl_->Do([&] {
    const StageNow stage = LookUpStage(db, failed.stage);
    const std::string message = OneLine(failed.message);
    const double now = SystemClock().Unix();
    db.Prepare(R"(UPDATE attempt SET ended = ?, outcome = 'failed', error_kind = ?, failure = ?,
        message = ?, log_tail = ?, seconds = ? WHERE id = ? AND outcome IS NULL)")
        .Run(now, ToString(failed.kind), ToString(failed.failure), message,
             CleanLines(failed.log_tail, kMaxLogTail), failed.seconds,
             FindAttempt(db, failed.attempt, stage.id).id);
    if (stage.state != "open") return;
    db.Prepare("UPDATE stage SET error = ? WHERE id = ?").Run(message, stage.id);
    if (!failed.final) return;
    db.Prepare("UPDATE stage SET state = 'failed', ended = ? WHERE id = ?").Run(now, stage.id);
    Statement& named = db.Prepare(
        "SELECT d.kind || ' ' || substr(g.name, 1, 12) FROM stage g JOIN design d ON "
        "d.id = g.design_id WHERE g.id = ?");
    named.Bind(stage.id).Step();
    const std::string which = named.Text(0);
    named.Reset();
    FailDependents(db, stage.id, fmt::format("{}: {}", which, message));
  });
}

int ResultsWriter::CloseOpenAttempts() {
  Database& db = impl_->db;
  return impl_->Do([&] {
    // The death of a coordinator does not count as a try of the stage.
    db.Prepare(R"(UPDATE stage SET tries = max(0, tries - (SELECT count(*) FROM attempt
        WHERE stage_id = stage.id AND outcome IS NULL))
      WHERE id IN (SELECT stage_id FROM attempt WHERE outcome IS NULL))")
        .Run();
    db.Prepare(R"(UPDATE attempt SET ended = ?, outcome = 'failed', error_kind = 'cluster',
        failure = 'lost_worker', message = 'its coordinator ended' WHERE outcome IS NULL)")
        .Run(SystemClock().Unix());
    return static_cast<int>(db.changes());
  });
}

std::vector<std::string> ResultsWriter::OpenAttempts() const {
  return impl_->db.Texts("SELECT name FROM attempt WHERE outcome IS NULL");
}

void ResultsWriter::AddCorrectness(const std::string& stage, const std::string& bits,
                                   int64_t images) {
  if (images < 0 || bits.size() != static_cast<size_t>((images + 7) / 8)) {
    Fail(ErrorKind::kInternal, "correctness of stage {}: {} bytes for {} images", stage,
         bits.size(), images);
  }
  impl_->Do([&] {
    impl_->db.Prepare("INSERT OR REPLACE INTO correctness VALUES (?, ?, ?)")
        .Run(FindStage(impl_->db, stage), images, Blob{bits});
  });
}

void ResultsWriter::AddCurve(const std::string& stage, const std::string& term,
                             const std::vector<double>& x, const std::vector<double>& y) {
  if (x.size() != y.size() || x.size() > kMaxCurvePoints) {
    Fail(ErrorKind::kInternal, "curve '{}' of stage {}: {} x and {} y (at most {} points)", term,
         stage, x.size(), y.size(), kMaxCurvePoints);
  }
  std::string bytes(x.size() * 2 * sizeof(float), '\0');
  for (size_t i = 0; i < x.size(); ++i) {
    const float pair[2] = {static_cast<float>(x[i]), static_cast<float>(y[i])};
    std::memcpy(bytes.data() + i * sizeof pair, pair, sizeof pair);
  }
  impl_->Do([&] {
    impl_->db.Prepare("INSERT OR REPLACE INTO curve VALUES (?, ?, ?, ?)")
        .Run(FindStage(impl_->db, stage), term, static_cast<int64_t>(x.size()), Blob{bytes});
  });
}

int ResultsWriter::Retry(const std::vector<std::string>& stages,
                         const std::vector<std::string>& trials) {
  Database& db = impl_->db;
  return impl_->Do([&] {
    std::vector<int64_t> reopened;
    for (const std::string& name : stages) {
      Statement& reopen = db.Prepare(fmt::format(R"(WITH RECURSIVE
          up (id) AS (SELECT ?1 UNION SELECT input_id FROM stage_input JOIN up ON stage_id = up.id),
          hit (id) AS (SELECT up.id FROM up JOIN stage g ON g.id = up.id
            WHERE g.state IN ('failed', 'cancelled') UNION {})
        UPDATE stage SET state = 'open', tries = 0, error = NULL, ended = NULL
        WHERE state IN ('failed', 'cancelled') AND id IN (SELECT id FROM hit) RETURNING id)",
                                                 kUsersOfHit));
      reopen.Bind(FindStage(db, name));
      while (reopen.Step()) reopened.push_back(reopen.Int(0));
    }
    // A dependent that also needs another failed stage fails again with it.
    const std::string reopen = R"(UPDATE trial SET state = 'open', error = NULL, ended = NULL
      WHERE state IN ('failed', 'cancelled') AND NOT EXISTS (SELECT 1 FROM trial_stage x
        JOIN stage g ON g.id = x.stage_id
        WHERE x.trial_id = trial.id AND g.state IN ('failed', 'cancelled')) AND )";
    for (const int64_t stage : reopened)
      db.Prepare(reopen + "id IN (SELECT trial_id FROM trial_stage WHERE stage_id = ?)").Run(stage);
    for (const std::string& trial : trials) db.Prepare(reopen + "name = ?").Run(trial);
    impl_->Settle();
    return static_cast<int>(reopened.size());
  });
}

int ResultsWriter::Cancel(const std::vector<std::string>& trials) {
  Database& db = impl_->db;
  return impl_->Do([&] {
    const double now = SystemClock().Unix();
    int cancelled = 0;
    for (const std::string& trial : trials) {
      db.Prepare(
            "UPDATE trial SET state = 'cancelled', error = 'cancelled', ended = ? "
            "WHERE name = ? AND state = 'open'")
          .Run(now, trial);
      cancelled += static_cast<int>(db.changes());
    }
    db.Prepare(R"(UPDATE stage SET state = 'cancelled', ended = ? WHERE state = 'open'
        AND NOT EXISTS (SELECT 1 FROM trial_stage x JOIN trial t ON t.id = x.trial_id
          WHERE x.stage_id = stage.id AND t.state = 'open')
        AND EXISTS (SELECT 1 FROM trial_stage x JOIN trial t ON t.id = x.trial_id
          WHERE x.stage_id = stage.id AND t.state = 'cancelled'))")
        .Run(now);
    return cancelled;
  });
}

}  // namespace zerosweep
