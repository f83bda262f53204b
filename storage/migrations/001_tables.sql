-- Instants are seconds since 1970 (UTC), durations seconds, names 64 hex characters.
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
