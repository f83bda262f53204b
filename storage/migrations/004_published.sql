-- The papers' numbers with all that makes them comparable or not.
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
