-- Cells whose weights differ in bits: a number cannot name them.
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
