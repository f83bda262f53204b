#include "storage/schema.h"

#include <array>

#include "base/error.h"

namespace zerosweep {
namespace {

// Instants are seconds since 1970 (UTC), durations seconds, names 64 hex characters.
constexpr const char* kTables = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('epoch', '0'), ('owner', '');

CREATE TABLE sweep (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  resolved TEXT NOT NULL,
  created REAL NOT NULL,
  updated REAL NOT NULL
) STRICT;

-- What trials of different seeds share: they are the samples of one leaderboard row.
CREATE TABLE configuration (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  config TEXT NOT NULL
) STRICT;

CREATE TABLE trial (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  configuration_id INTEGER NOT NULL REFERENCES configuration (id),
  dataset TEXT NOT NULL,
  model TEXT NOT NULL,
  method TEXT NOT NULL,
  synthesizer TEXT NOT NULL,
  quantizer TEXT NOT NULL,
  w_bits REAL NOT NULL,
  a_bits REAL NOT NULL,
  seed INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  variant TEXT NOT NULL,
  seeds TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
  error TEXT,
  created REAL NOT NULL,
  ended REAL
) STRICT;
CREATE INDEX trial_state ON trial (state);

CREATE TABLE sweep_trial (
  sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  trial_id INTEGER NOT NULL REFERENCES trial (id),
  PRIMARY KEY (sweep_id, trial_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_trial_trial ON sweep_trial (trial_id);

CREATE TABLE artifact (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  bytes INTEGER NOT NULL,
  created REAL NOT NULL
) STRICT;

CREATE TABLE stage (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  implementation TEXT NOT NULL,
  revision INTEGER NOT NULL,
  params TEXT NOT NULL,
  files TEXT NOT NULL,
  threads INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
  artifact_id INTEGER REFERENCES artifact (id),
  tries INTEGER NOT NULL DEFAULT 0,
  seconds REAL,
  error TEXT,
  caused_by INTEGER REFERENCES trial (id),
  created REAL NOT NULL,
  ended REAL,
  CHECK (state <> 'done' OR artifact_id IS NOT NULL)
) STRICT;
CREATE INDEX stage_state ON stage (state);
CREATE INDEX stage_artifact ON stage (artifact_id);
CREATE INDEX stage_caused_by ON stage (caused_by);

CREATE TABLE stage_input (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  role TEXT NOT NULL,
  input_id INTEGER NOT NULL REFERENCES stage (id),
  PRIMARY KEY (stage_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX stage_input_input ON stage_input (input_id);

CREATE TABLE trial_stage (
  trial_id INTEGER NOT NULL REFERENCES trial (id),
  kind TEXT NOT NULL,
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  PRIMARY KEY (trial_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX trial_stage_stage ON trial_stage (stage_id);

CREATE TABLE signature (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  facts TEXT NOT NULL
) STRICT;

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  number INTEGER NOT NULL,
  worker TEXT NOT NULL,
  device TEXT NOT NULL,
  threads INTEGER NOT NULL,
  started REAL NOT NULL,
  ended REAL,
  outcome TEXT CHECK (outcome IN ('done', 'failed', 'superseded')),
  error_kind TEXT,
  failure TEXT,
  message TEXT,
  log_tail TEXT,
  seconds REAL,
  signature_id INTEGER REFERENCES signature (id),
  signature_changed INTEGER NOT NULL DEFAULT 0,
  UNIQUE (stage_id, number)
) STRICT;
CREATE INDEX attempt_open ON attempt (id) WHERE outcome IS NULL;
CREATE INDEX attempt_ended ON attempt (ended) WHERE outcome = 'done';

CREATE TABLE attempt_input (
  attempt_id INTEGER NOT NULL REFERENCES attempt (id),
  role TEXT NOT NULL,
  artifact TEXT NOT NULL,
  PRIMARY KEY (attempt_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  name TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (stage_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE correctness (
  stage_id INTEGER PRIMARY KEY REFERENCES stage (id),
  images INTEGER NOT NULL,
  bits BLOB NOT NULL
) STRICT;

CREATE TABLE curve (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  term TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points BETWEEN 0 AND 512),
  data BLOB NOT NULL,
  PRIMARY KEY (stage_id, term)
) STRICT;

CREATE TABLE published (
  id INTEGER PRIMARY KEY,
  paper TEXT NOT NULL,
  table_ TEXT NOT NULL,
  method TEXT NOT NULL,
  dataset TEXT NOT NULL,
  arch TEXT NOT NULL,
  w_bits REAL NOT NULL,
  a_bits REAL NOT NULL,
  metric TEXT NOT NULL,
  value REAL NOT NULL,
  fp32 REAL,
  confidence TEXT NOT NULL,
  source TEXT NOT NULL
) STRICT;
)sql";

constexpr const char* kViews = R"sql(
CREATE VIEW v_trial AS
SELECT t.name AS trial, s.name AS sweep, t.dataset, t.model, t.method, t.synthesizer, t.quantizer,
  t.w_bits, t.a_bits, t.seed, t.state,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'evaluate' AND m.name = 'top1') AS top1,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'teacher' AND m.name = 'fp32_top1') AS fp32_top1,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'evaluate' AND m.name = 'loss') AS loss,
  (SELECT sum(g.seconds) FROM trial_stage x JOIN stage g ON g.id = x.stage_id
   WHERE x.trial_id = t.id) AS seconds,
  (SELECT count(*) FROM trial_stage x JOIN attempt a ON a.stage_id = x.stage_id
   WHERE x.trial_id = t.id) AS attempts,
  t.protocol, t.error
FROM trial t
LEFT JOIN sweep_trial st ON st.trial_id = t.id
LEFT JOIN sweep s ON s.id = st.sweep_id;

CREATE VIEW v_stage AS
SELECT g.name AS stage, g.kind, g.implementation, g.revision, g.state, g.params, g.files, g.threads,
  a.digest AS artifact,
  (SELECT count(*) FROM attempt x WHERE x.stage_id = g.id) AS attempts,
  g.seconds,
  (SELECT sum(x.seconds) FROM attempt x WHERE x.stage_id = g.id) AS seconds_paid,
  t.name AS caused_by, g.error,
  strftime('%Y-%m-%dT%H:%M:%SZ', g.created, 'unixepoch') AS created,
  strftime('%Y-%m-%dT%H:%M:%SZ', g.ended, 'unixepoch') AS ended
FROM stage g
LEFT JOIN artifact a ON a.id = g.artifact_id
LEFT JOIN trial t ON t.id = g.caused_by;

CREATE VIEW v_trial_stage AS
SELECT t.name AS trial, x.kind, g.name AS stage
FROM trial_stage x JOIN trial t ON t.id = x.trial_id JOIN stage g ON g.id = x.stage_id;

CREATE VIEW v_attempt AS
SELECT a.name AS attempt, g.name AS stage, g.kind, a.number, a.worker, a.device, a.threads,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.started, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.ended, 'unixepoch') AS ended,
  a.outcome, a.error_kind, a.failure, a.message, a.log_tail, a.seconds,
  n.facts AS signature, a.signature_changed
FROM attempt a JOIN stage g ON g.id = a.stage_id
LEFT JOIN signature n ON n.id = a.signature_id;

CREATE VIEW v_metric AS
SELECT g.name AS stage, g.kind, m.name, m.value
FROM metric m JOIN stage g ON g.id = m.stage_id;

CREATE VIEW v_artifact AS
SELECT a.digest AS artifact, g.name AS stage, g.kind, a.bytes,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.created, 'unixepoch') AS created
FROM artifact a LEFT JOIN stage g ON g.artifact_id = a.id;

CREATE VIEW v_published AS
SELECT paper, table_, method, dataset, arch, w_bits, a_bits, metric, value, fp32, confidence, source
FROM published;
)sql";

// Cells whose weights differ in bits: a number cannot name them.
constexpr const char* kBitsOfTrials = R"sql(
ALTER TABLE trial ADD COLUMN bits TEXT NOT NULL DEFAULT '';
UPDATE trial SET bits = printf('w%ga%g', w_bits, a_bits);
DROP VIEW v_trial;
CREATE VIEW v_trial AS
SELECT t.name AS trial, s.name AS sweep, t.dataset, t.model, t.method, t.synthesizer, t.quantizer,
  t.w_bits, t.a_bits, t.seed, t.state,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'evaluate' AND m.name = 'top1') AS top1,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'teacher' AND m.name = 'fp32_top1') AS fp32_top1,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'evaluate' AND m.name = 'loss') AS loss,
  (SELECT sum(g.seconds) FROM trial_stage x JOIN stage g ON g.id = x.stage_id
   WHERE x.trial_id = t.id) AS seconds,
  (SELECT count(*) FROM trial_stage x JOIN attempt a ON a.stage_id = x.stage_id
   WHERE x.trial_id = t.id) AS attempts,
  t.protocol, t.error, t.bits
FROM trial t
LEFT JOIN sweep_trial st ON st.trial_id = t.id
LEFT JOIN sweep s ON s.id = st.sweep_id;
)sql";

// An unchanged sweep is not inserted again, and a large one faster: an index of states would hold
// every stage and trial, where only the few that failed or were cancelled are looked for.
constexpr const char* kLargeSweeps = R"sql(
ALTER TABLE sweep ADD COLUMN digest TEXT NOT NULL DEFAULT '';
DROP INDEX stage_state;
CREATE INDEX stage_failed ON stage (id) WHERE state = 'failed';
CREATE INDEX stage_cancelled ON stage (id) WHERE state = 'cancelled';
DROP INDEX stage_artifact;
CREATE INDEX stage_artifact ON stage (artifact_id) WHERE artifact_id IS NOT NULL;
DROP INDEX trial_state;
)sql";

// The papers' numbers with all that makes them comparable or not.
constexpr const char* kPublished = R"sql(
DROP VIEW v_published;
DROP TABLE published;
CREATE TABLE published (
  id INTEGER PRIMARY KEY,
  paper TEXT NOT NULL,
  title TEXT NOT NULL,
  table_ TEXT NOT NULL,
  method TEXT NOT NULL,
  recipe TEXT NOT NULL,
  dataset TEXT NOT NULL,
  arch TEXT NOT NULL,
  model_as_printed TEXT NOT NULL,
  w_bits REAL,
  a_bits REAL,
  bits TEXT NOT NULL,
  metric TEXT NOT NULL,
  value REAL NOT NULL,
  fp32 REAL,
  preset TEXT NOT NULL,
  stem_out TEXT NOT NULL,
  checkpoint TEXT NOT NULL,
  pick TEXT NOT NULL,
  needs_real_data TEXT NOT NULL,
  training TEXT NOT NULL,
  confidence TEXT NOT NULL,
  source TEXT NOT NULL
) STRICT;
CREATE INDEX published_paper ON published (paper);
CREATE VIEW v_published AS
SELECT paper, table_, method, dataset, arch, w_bits, a_bits, metric, value, fp32, confidence, source,
  title, recipe, model_as_printed, bits, preset, stem_out, checkpoint, pick, needs_real_data, training
FROM published ORDER BY id;
)sql";

// Entry i brings schema i to schema i + 1. Released entries never change.
const std::array<std::string, 4> kMigrations = {std::string(kTables) + kViews, kBitsOfTrials,
                                                kLargeSweeps, kPublished};

int VersionOf(Database& database) { return std::stoi(database.Scalar("PRAGMA user_version")); }

[[noreturn]] void FailNewer(int version) {
  Fail(ErrorKind::kStorage,
       "results.db was made by a newer zerosweep (schema {}, this one knows {}): upgrade zerosweep "
       "or choose another --home",
       version, SchemaVersion());
}

}  // namespace

int SchemaVersion() { return static_cast<int>(kMigrations.size()); }

void Migrate(Database& database) {
  if (VersionOf(database) > SchemaVersion()) FailNewer(VersionOf(database));
  if (VersionOf(database) == SchemaVersion()) return;
  database.Exec("BEGIN IMMEDIATE");
  try {
    for (int version = VersionOf(database); version < SchemaVersion(); ++version) {
      database.Exec(kMigrations.at(static_cast<size_t>(version)));
      database.Exec(fmt::format("PRAGMA user_version = {}", version + 1));
    }
    database.Exec("COMMIT");
  } catch (...) {
    sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void CheckSchema(Database& database) {
  const int version = VersionOf(database);
  if (version > SchemaVersion()) FailNewer(version);
  if (version == 0) {
    Fail(ErrorKind::kStorage, "{} holds no results yet: run a sweep first",
         database.path().string());
  }
  if (version < SchemaVersion()) {
    Fail(ErrorKind::kStorage,
         "{} is of the older schema {} (this zerosweep knows {}): `zerosweep gc` brings it up to "
         "date",
         database.path().string(), version, SchemaVersion());
  }
}

}  // namespace zerosweep
