// The writer: the rows of a bundle join those of the home.
#include "base/text.h"
#include "storage/bundles/bundle_file.h"
#include "storage/results/results_impl.h"

namespace zerosweep {
namespace {

// Copies of the bundle's rows, as temporary tables "its_<table>" of the home, for one transaction.
class TemporaryRows {
 public:
  TemporaryRows(Database& home, Database& bundle) : home_(home) {
    for (const BundleTable& table : BundleTables()) {
      const std::string name = "its_" + table.name;
      home.Exec(fmt::format("DROP TABLE IF EXISTS temp.{0}; CREATE TEMP TABLE {0} ({1}) STRICT",
                            name, table.definition));
      Statement& select =
          bundle.Prepare(fmt::format("SELECT {} FROM {}", Join(table.columns, ", "), table.name));
      CopyRows(select, home, name, table.columns);
    }
  }
  ~TemporaryRows() {
    for (const BundleTable& table : BundleTables()) {
      sqlite3_exec(home_.get(), fmt::format("DROP TABLE IF EXISTS temp.its_{}", table.name).c_str(),
                   nullptr, nullptr, nullptr);
    }
  }
  TemporaryRows(const TemporaryRows&) = delete;
  TemporaryRows& operator=(const TemporaryRows&) = delete;

 private:
  Database& home_;
};

// The home takes the results of stages that it does not have or has not done.
constexpr const char* kMergeStages = R"(
INSERT OR IGNORE INTO artifact (digest, bytes, created)
  SELECT digest, bytes, created FROM its_artifact;
CREATE TEMP TABLE its_taken (name TEXT PRIMARY KEY) STRICT;
INSERT INTO its_taken SELECT i.name FROM its_stage i LEFT JOIN stage g ON g.name = i.name
  WHERE g.id IS NULL OR (g.state <> 'done' AND i.state = 'done');
CREATE TEMP TABLE its_design AS
  SELECT i.name, i.kind, i.implementation, i.revision, i.threads,
    iif(typeof(i.params ->> '$.seed') = 'integer', json_set(i.params, '$.seed', '<seed>'), i.params)
      AS params,
    iif(typeof(i.params ->> '$.seed') = 'integer', i.params ->> '$.seed', NULL) AS seed,
    (SELECT json_group_array(role) FROM
      (SELECT role FROM its_stage_input r WHERE r.stage = i.name ORDER BY role)) AS roles
  FROM its_stage i WHERE i.name IN its_taken;
INSERT OR IGNORE INTO design (kind, implementation, revision, params, roles, files, threads)
  SELECT DISTINCT kind, implementation, revision, params, roles, '{}', threads FROM its_design;
INSERT INTO stage (digest, design_id, seed, state, artifact_id, seconds, error, caused_by, created,
    ended)
  SELECT unhex(i.name), d.id, p.seed, i.state, a.id, i.seconds, i.error, t.id, i.created, i.ended
  FROM its_stage i JOIN its_design p USING (name)
    JOIN design d ON d.kind = p.kind AND d.implementation = p.implementation
      AND d.revision = p.revision AND d.params = p.params AND d.roles = p.roles AND d.files = '{}'
      AND d.threads = p.threads
    LEFT JOIN artifact a ON a.digest = i.artifact LEFT JOIN trial t ON t.name = i.caused_by
  WHERE true
ON CONFLICT (name) DO UPDATE SET state = excluded.state, artifact_id = excluded.artifact_id,
    seconds = excluded.seconds, error = NULL, ended = excluded.ended;
DROP TABLE its_design;
INSERT OR IGNORE INTO stage_input (stage_id, place, input_id)
  SELECT g.id, row_number() OVER (PARTITION BY i.stage ORDER BY i.role) - 1, h.id
  FROM its_stage_input i JOIN stage g ON g.name = i.stage JOIN stage h ON h.name = i.input;
INSERT OR REPLACE INTO metric (stage_id, name, value)
  SELECT g.id, m.name, m.value FROM its_metric m JOIN its_taken k ON k.name = m.stage
    JOIN stage g ON g.name = m.stage;
INSERT OR REPLACE INTO correctness (stage_id, images, bits)
  SELECT g.id, c.images, c.bits FROM its_correctness c JOIN its_taken k ON k.name = c.stage
    JOIN stage g ON g.name = c.stage;
INSERT OR REPLACE INTO curve (stage_id, term, points, data)
  SELECT g.id, c.term, c.points, c.data FROM its_curve c JOIN its_taken k ON k.name = c.stage
    JOIN stage g ON g.name = c.stage;
)";

// An attempt keeps its number where the home has none of that stage; otherwise numbers continue.
constexpr const char* kMergeAttempts = R"(
INSERT OR IGNORE INTO signature (digest, facts) SELECT digest, facts FROM its_signature;
INSERT INTO attempt (name, stage_id, number, worker, device, threads, started, ended, outcome,
    error_kind, failure, message, log_tail, seconds, signature_id, signature_changed)
  SELECT i.name, g.id, i.number + coalesce((SELECT max(number) FROM attempt x WHERE x.stage_id =
      g.id), 0), i.worker, i.device, i.threads, i.started, i.ended,
    CASE WHEN i.outcome = 'done' AND i.stage NOT IN its_taken THEN 'superseded' ELSE i.outcome END,
    i.error_kind, i.failure, i.message, i.log_tail, i.seconds, n.id, i.signature_changed
  FROM its_attempt i JOIN stage g ON g.name = i.stage LEFT JOIN signature n ON n.digest =
    i.signature
  WHERE i.name NOT IN (SELECT name FROM attempt);
INSERT OR IGNORE INTO attempt_input (attempt_id, role, artifact)
  SELECT a.id, i.role, i.artifact FROM its_attempt_input i JOIN attempt a ON a.name = i.attempt;
)";

constexpr const char* kMergeTrials = R"(
INSERT OR IGNORE INTO configuration (digest, dataset, model, method, synthesizer, quantizer, w_bits,
    a_bits, bits, protocol, variant, config)
  SELECT c.digest, i.dataset, i.model, i.method, i.synthesizer, i.quantizer, i.w_bits, i.a_bits,
    i.bits, i.protocol, i.variant, c.config
  FROM its_configuration c JOIN its_trial i ON i.configuration = c.digest;
INSERT OR IGNORE INTO execution (config) SELECT json_remove(seeds, '$."/seeds"') FROM its_trial;
INSERT OR IGNORE INTO trial (digest, configuration_id, execution_id, seed, seed_synthesis,
    seed_quantize, state, error, created, ended)
  SELECT unhex(i.name), c.id, e.id, i.seed,
    CAST(coalesce(i.seeds ->> '$."/seeds".synthesis', 0) AS INTEGER),
    CAST(coalesce(i.seeds ->> '$."/seeds".quantize', 0) AS INTEGER),
    iif(i.state = 'cancelled', i.state, 'open'), NULL, i.created, NULL
  FROM its_trial i JOIN configuration c ON c.digest = i.configuration
    JOIN execution e ON e.config = json_remove(i.seeds, '$."/seeds"');
INSERT INTO sweep (name, source, resolved, created, updated)
  SELECT name, source, resolved, created, created FROM its_sweep WHERE true
ON CONFLICT (name) DO UPDATE SET digest = '';
INSERT OR IGNORE INTO sweep_trial (sweep_id, trial_id)
  SELECT s.id, t.id FROM its_sweep i JOIN sweep s ON s.name = i.name, its_trial x
    JOIN trial t ON t.name = x.name;
)";

constexpr const char* kMergeLinks = R"(
INSERT OR IGNORE INTO trial_stage (trial_id, stage_id, kind)
  SELECT t.id, g.id, x.kind FROM its_trial_stage x JOIN trial t ON t.name = x.trial
    JOIN stage g ON g.name = x.stage
  WHERE NOT EXISTS (SELECT 1 FROM trial_stage y WHERE y.trial_id = t.id AND y.kind = x.kind);
UPDATE trial SET state = 'open', error = NULL, ended = NULL WHERE state IN ('failed', 'cancelled')
  AND name IN (SELECT name FROM its_trial WHERE state = 'done');
DROP TABLE its_taken;
)";

// Runs after Settle(): imported trials ended when they ended in the bundle.
constexpr const char* kDateTrials = R"(
UPDATE trial SET ended = i.ended FROM its_trial i
  WHERE i.name = trial.name AND trial.created = i.created AND i.ended IS NOT NULL;
)";

}  // namespace

BundleCounts ResultsWriter::Merge(Database& bundle) {
  Database& db = impl_->db;
  const auto count = [&](const char* sql) { return std::stoi(db.Scalar(sql)); };
  return impl_->Do([&] {
    const TemporaryRows rows(db, bundle);
    BundleCounts counts;
    counts.sweep = db.Scalar("SELECT name FROM its_sweep");
    counts.trials = count("SELECT count(*) FROM its_trial");
    counts.trials_new =
        count("SELECT count(*) FROM its_trial WHERE name NOT IN (SELECT name FROM trial)");
    counts.stages_taken = count(
        "SELECT count(*) FROM its_stage i LEFT JOIN stage g ON g.name = i.name WHERE i.state "
        "= 'done' AND coalesce(g.state, '') <> 'done'");
    db.Exec(kMergeTrials);
    db.Exec(kMergeStages);
    db.Exec(kMergeAttempts);
    db.Exec(kMergeLinks);
    impl_->Settle();
    db.Exec(kDateTrials);
    return counts;
  });
}

}  // namespace zerosweep
