-- What thousands of stages or trials share is one row. Names are kept as 32 bytes; as text, under
-- which all views show them, they are computed, and stand in their index alone.
DROP VIEW v_trial;
DROP VIEW v_stage;
DROP VIEW v_trial_stage;
DROP VIEW v_attempt;
DROP VIEW v_metric;
DROP VIEW v_artifact;

-- What stages have in common that differ in nothing but their seed and inputs. Where stages have a
-- seed, `params` (canonical JSON) has "<seed>" in its place. `roles`: of the inputs, a sorted list.
CREATE TABLE design (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  implementation TEXT NOT NULL,
  revision INTEGER NOT NULL,
  params TEXT NOT NULL,
  roles TEXT NOT NULL,
  files TEXT NOT NULL,
  threads INTEGER NOT NULL,
  UNIQUE (kind, implementation, revision, params, roles, files, threads)
) STRICT;

CREATE TEMP TABLE parted (
  id INTEGER PRIMARY KEY, params TEXT NOT NULL, seed INTEGER, roles TEXT NOT NULL
) STRICT;
INSERT INTO parted
SELECT id, iif(typeof(params ->> '$.seed') = 'integer', json_set(params, '$.seed', '<seed>'), params),
  iif(typeof(params ->> '$.seed') = 'integer', params ->> '$.seed', NULL),
  (SELECT json_group_array(role) FROM
    (SELECT role FROM stage_input i WHERE i.stage_id = stage.id ORDER BY role))
FROM stage;

INSERT INTO design (kind, implementation, revision, params, roles, files, threads)
SELECT g.kind, g.implementation, g.revision, p.params, p.roles, g.files, g.threads
FROM stage g JOIN parted p USING (id)
GROUP BY g.kind, g.implementation, g.revision, p.params, p.roles, g.files, g.threads
ORDER BY min(g.id);

CREATE TABLE new_stage (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  name TEXT NOT NULL UNIQUE GENERATED ALWAYS AS (lower(hex(digest))) VIRTUAL,
  design_id INTEGER NOT NULL REFERENCES design (id),
  seed INTEGER,
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
INSERT INTO new_stage (id, digest, design_id, seed, state, artifact_id, tries, seconds, error,
  caused_by, created, ended)
SELECT g.id, unhex(g.name), d.id, p.seed, g.state, g.artifact_id, g.tries, g.seconds, g.error,
  g.caused_by, g.created, g.ended
FROM stage g JOIN parted p ON p.id = g.id
JOIN design d ON d.kind = g.kind AND d.implementation = g.implementation
  AND d.revision = g.revision AND d.params = p.params AND d.roles = p.roles AND d.files = g.files
  AND d.threads = g.threads
ORDER BY g.id;
DROP TABLE parted;

-- An input is known by the place of its role among the design's. Which stages read one is asked by
-- way of the trials that both are in.
CREATE TABLE new_stage_input (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  place INTEGER NOT NULL,
  input_id INTEGER NOT NULL REFERENCES stage (id),
  PRIMARY KEY (stage_id, place)
) STRICT, WITHOUT ROWID;
INSERT INTO new_stage_input
SELECT stage_id, row_number() OVER (PARTITION BY stage_id ORDER BY role) - 1, input_id
FROM stage_input ORDER BY stage_id, role;

CREATE TABLE new_trial_stage (
  trial_id INTEGER NOT NULL REFERENCES trial (id),
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  kind TEXT NOT NULL,
  PRIMARY KEY (trial_id, stage_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_trial_stage
SELECT trial_id, stage_id, kind FROM trial_stage ORDER BY trial_id, stage_id;

-- What trials of different seeds share: they are the samples of one leaderboard row.
CREATE TABLE new_configuration (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  dataset TEXT NOT NULL,
  model TEXT NOT NULL,
  method TEXT NOT NULL,
  synthesizer TEXT NOT NULL,
  quantizer TEXT NOT NULL,
  w_bits REAL NOT NULL,
  a_bits REAL NOT NULL,
  bits TEXT NOT NULL,
  protocol TEXT NOT NULL,
  variant TEXT NOT NULL,
  config TEXT NOT NULL
) STRICT;
INSERT INTO new_configuration
SELECT c.id, c.digest, t.dataset, t.model, t.method, t.synthesizer, t.quantizer, t.w_bits, t.a_bits,
  t.bits, t.protocol, t.variant, c.config
FROM (SELECT min(id) AS id FROM trial GROUP BY configuration_id) first
JOIN trial t ON t.id = first.id JOIN configuration c ON c.id = t.configuration_id ORDER BY c.id;

-- How results are computed, not which ones: what a configuration has for each trial besides its
-- seeds (JSON pointer -> value).
CREATE TABLE execution (
  id INTEGER PRIMARY KEY,
  config TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO execution (config)
SELECT json_remove(seeds, '$."/seeds"') FROM trial GROUP BY 1 ORDER BY min(id);

CREATE TABLE new_trial (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  name TEXT NOT NULL UNIQUE GENERATED ALWAYS AS (lower(hex(digest))) VIRTUAL,
  configuration_id INTEGER NOT NULL REFERENCES configuration (id),
  execution_id INTEGER NOT NULL REFERENCES execution (id),
  seed INTEGER NOT NULL,
  seed_synthesis INTEGER NOT NULL,
  seed_quantize INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
  error TEXT,
  created REAL NOT NULL,
  ended REAL
) STRICT;
INSERT INTO new_trial (id, digest, configuration_id, execution_id, seed, seed_synthesis,
  seed_quantize, state, error, created, ended)
SELECT t.id, unhex(t.name), t.configuration_id, e.id, t.seed,
  CAST(coalesce(t.seeds ->> '$."/seeds".synthesis', 0) AS INTEGER),
  CAST(coalesce(t.seeds ->> '$."/seeds".quantize', 0) AS INTEGER), t.state, t.error, t.created,
  t.ended
FROM trial t JOIN execution e ON e.config = json_remove(t.seeds, '$."/seeds"') ORDER BY t.id;

DROP TABLE stage_input;
DROP TABLE trial_stage;
DROP TABLE stage;
DROP TABLE trial;
DROP TABLE configuration;
ALTER TABLE new_stage RENAME TO stage;
ALTER TABLE new_stage_input RENAME TO stage_input;
ALTER TABLE new_trial_stage RENAME TO trial_stage;
ALTER TABLE new_configuration RENAME TO configuration;
ALTER TABLE new_trial RENAME TO trial;
CREATE INDEX stage_failed ON stage (id) WHERE state = 'failed';
CREATE INDEX stage_cancelled ON stage (id) WHERE state = 'cancelled';
CREATE INDEX stage_artifact ON stage (artifact_id) WHERE artifact_id IS NOT NULL;
CREATE INDEX stage_caused_by ON stage (caused_by);
CREATE INDEX trial_stage_stage ON trial_stage (stage_id);

CREATE VIEW v_trial AS
SELECT t.name AS trial, s.name AS sweep, c.dataset, c.model, c.method, c.synthesizer, c.quantizer,
  c.w_bits, c.a_bits, t.seed, t.state,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'evaluate' AND m.name = 'top1') AS top1,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'teacher' AND m.name = 'fp32_top1') AS fp32_top1,
  (SELECT m.value FROM trial_stage x JOIN metric m ON m.stage_id = x.stage_id
   WHERE x.trial_id = t.id AND x.kind = 'evaluate' AND m.name = 'loss') AS loss,
  (SELECT sum(seconds) FROM (SELECT g.seconds FROM trial_stage x JOIN stage g ON g.id = x.stage_id
   WHERE x.trial_id = t.id ORDER BY x.kind)) AS seconds,  -- rounded in one order, always
  (SELECT count(*) FROM trial_stage x JOIN attempt a ON a.stage_id = x.stage_id
   WHERE x.trial_id = t.id) AS attempts,
  c.protocol, t.error, c.bits
FROM trial t JOIN configuration c ON c.id = t.configuration_id
LEFT JOIN sweep_trial st ON st.trial_id = t.id
LEFT JOIN sweep s ON s.id = st.sweep_id;

CREATE VIEW v_stage AS
SELECT g.name AS stage, d.kind, d.implementation, d.revision, g.state,
  iif(g.seed IS NULL, d.params, replace(d.params, '"seed":"<seed>"', '"seed":' || g.seed)) AS params,
  d.files, d.threads,
  a.digest AS artifact,
  (SELECT count(*) FROM attempt x WHERE x.stage_id = g.id) AS attempts,
  g.seconds,
  (SELECT sum(x.seconds) FROM attempt x WHERE x.stage_id = g.id) AS seconds_paid,
  t.name AS caused_by, g.error,
  strftime('%Y-%m-%dT%H:%M:%SZ', g.created, 'unixepoch') AS created,
  strftime('%Y-%m-%dT%H:%M:%SZ', g.ended, 'unixepoch') AS ended
FROM stage g JOIN design d ON d.id = g.design_id
LEFT JOIN artifact a ON a.id = g.artifact_id
LEFT JOIN trial t ON t.id = g.caused_by;

CREATE VIEW v_trial_stage AS
SELECT t.name AS trial, x.kind, g.name AS stage
FROM trial_stage x JOIN trial t ON t.id = x.trial_id JOIN stage g ON g.id = x.stage_id;

CREATE VIEW v_stage_input AS
SELECT g.name AS stage, i.name AS input
FROM stage_input x JOIN stage g ON g.id = x.stage_id JOIN stage i ON i.id = x.input_id;

CREATE VIEW v_attempt AS
SELECT a.name AS attempt, g.name AS stage, d.kind, a.number, a.worker, a.device, a.threads,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.started, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.ended, 'unixepoch') AS ended,
  a.outcome, a.error_kind, a.failure, a.message, a.log_tail, a.seconds,
  n.facts AS signature, a.signature_changed
FROM attempt a JOIN stage g ON g.id = a.stage_id JOIN design d ON d.id = g.design_id
LEFT JOIN signature n ON n.id = a.signature_id;

CREATE VIEW v_metric AS
SELECT g.name AS stage, d.kind, m.name, m.value
FROM metric m JOIN stage g ON g.id = m.stage_id JOIN design d ON d.id = g.design_id;

CREATE VIEW v_artifact AS
SELECT a.digest AS artifact, g.name AS stage, d.kind, a.bytes,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.created, 'unixepoch') AS created
FROM artifact a LEFT JOIN stage g ON g.artifact_id = a.id LEFT JOIN design d ON d.id = g.design_id;
