-- The largest resident memory of an attempt.
ALTER TABLE attempt ADD COLUMN peak_bytes REAL;

DROP VIEW v_attempt;
CREATE VIEW v_attempt AS
SELECT a.name AS attempt, g.name AS stage, d.kind, a.number, a.worker, a.device, a.threads,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.started, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.ended, 'unixepoch') AS ended,
  a.outcome, a.error_kind, a.failure, a.message, a.log_tail, a.seconds, a.peak_bytes,
  n.facts AS signature, a.signature_changed
FROM attempt a JOIN stage g ON g.id = a.stage_id JOIN design d ON d.id = g.design_id
LEFT JOIN signature n ON n.id = a.signature_id;
