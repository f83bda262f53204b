-- The database of a small sweep under schema 5, as `.dump` prints it.
BEGIN TRANSACTION;
CREATE TABLE artifact (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  bytes INTEGER NOT NULL,
  created REAL NOT NULL
) STRICT;
INSERT INTO "artifact" VALUES(1,'959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6',1092980,1.79538899890599918359e+09);
INSERT INTO "artifact" VALUES(2,'10d7b6823ef75c129ca45cab309a548d7e777180b6fc19927b157039c8fe8ad3',130306,1.79538899899302911754e+09);
INSERT INTO "artifact" VALUES(3,'16f31fcbfc755aba0dbd90b192aa6c8d8cce78bf7a5b1b77cdc3af820b03d9a5',130298,1.79538899907287168499e+09);
INSERT INTO "artifact" VALUES(4,'e6d46511f86f3fed540b02d0d9ee864c63ff795d22eb0a66ea66f974c714f891',284856,1.79538899913228535655e+09);
INSERT INTO "artifact" VALUES(5,'d1672ea71b130ce4d94e73936e46c933c18c25b91f858734a5fb55d14b966a8a',284856,1.79538899918853068352e+09);
INSERT INTO "artifact" VALUES(6,'b0af8c2b2ca7ad8425e778c9db0bbac0e3772f03a3266085ddfe0c2fb6aa6694',264,1.79538899928620719909e+09);
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
INSERT INTO "attempt" VALUES(1,'1269a29a-6756-4f96-a954-2b66aadb76d6',1,1,'vm/slot 0','cpu',1,1.79538899824801850314e+09,1.79538899890577411649e+09,'done',NULL,NULL,NULL,NULL,2.11742446990683674812e-01,1,0);
INSERT INTO "attempt" VALUES(2,'d8660cc0-a789-4368-a163-2b7d9d3efdec',2,1,'vm/slot 0','cpu',1,1.79538899890731143945e+09,1.79538899899291324617e+09,'done',NULL,NULL,NULL,NULL,5.84537719987565651535e-02,1,0);
INSERT INTO "attempt" VALUES(3,'c70ade1a-e48e-435a-9ba3-c5076800eca6',5,1,'vm/slot 0','cpu',1,1.79538899899306416511e+09,1.79538899907279658318e+09,'done',NULL,NULL,NULL,NULL,5.77082579984562471508e-02,1,0);
INSERT INTO "attempt" VALUES(4,'a17f2689-679d-4003-a431-26b6521c425c',3,1,'vm/slot 0','cpu',1,1.79538899907290601734e+09,1.79538899913220405583e+09,'done',NULL,NULL,NULL,NULL,4.16180079919286072254e-02,1,0);
INSERT INTO "attempt" VALUES(5,'085b962f-af12-4fde-b37d-bb0d85e70a5b',6,1,'vm/slot 0','cpu',1,1.79538899913231801992e+09,1.79538899918845653537e+09,'done',NULL,NULL,NULL,NULL,3.8726888000383041799e-02,1,0);
INSERT INTO "attempt" VALUES(6,'9b1cd99f-9ab4-4704-98d5-f31ed151bd13',4,1,'vm/slot 0','cpu',1,1.79538899918856310845e+09,1.7953889992861404419e+09,'done',NULL,NULL,NULL,NULL,9.11009249975904822349e-02,1,0);
INSERT INTO "attempt" VALUES(7,'7cd9f228-6b8c-42d2-b516-67159e24179e',7,1,'vm/slot 0','cpu',1,1.79538899929799628256e+09,1.79538899942901682854e+09,'done',NULL,NULL,NULL,NULL,1.21125429999665357172e-01,1,0);
CREATE TABLE attempt_input (
  attempt_id INTEGER NOT NULL REFERENCES attempt (id),
  role TEXT NOT NULL,
  artifact TEXT NOT NULL,
  PRIMARY KEY (attempt_id, role)
) STRICT, WITHOUT ROWID;
INSERT INTO "attempt_input" VALUES(2,'teacher','959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6');
INSERT INTO "attempt_input" VALUES(3,'teacher','959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6');
INSERT INTO "attempt_input" VALUES(4,'images','10d7b6823ef75c129ca45cab309a548d7e777180b6fc19927b157039c8fe8ad3');
INSERT INTO "attempt_input" VALUES(4,'teacher','959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6');
INSERT INTO "attempt_input" VALUES(5,'images','16f31fcbfc755aba0dbd90b192aa6c8d8cce78bf7a5b1b77cdc3af820b03d9a5');
INSERT INTO "attempt_input" VALUES(5,'teacher','959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6');
INSERT INTO "attempt_input" VALUES(6,'quantized','e6d46511f86f3fed540b02d0d9ee864c63ff795d22eb0a66ea66f974c714f891');
INSERT INTO "attempt_input" VALUES(6,'teacher','959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6');
INSERT INTO "attempt_input" VALUES(7,'quantized','d1672ea71b130ce4d94e73936e46c933c18c25b91f858734a5fb55d14b966a8a');
INSERT INTO "attempt_input" VALUES(7,'teacher','959193938a718fad8ecff0b93c577e556bcad1dfc12b2a50f6217a3bfd651cc6');
CREATE TABLE "configuration" (
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
INSERT INTO "configuration" VALUES(1,'6e91b439277df3dbe341125976d1b4db6e22aa56c99b91f56befa5d3740cb8b5','cifar10','resnet20','noise','noise','minmax',8.0,8.0,'w8a8','zeroq','code','{"bits":{"a":8,"w":8},"dataset":{"fingerprint":"5cec0f8075ce3353b79d793ccf8fa51a1eba90c959968d71199d7768aad762f2","name":"cifar10"},"evaluate":{"limit":64},"method":"noise","model":{"arch":"resnet20_cifar_a","card":"c086bc0cf7cc22207d8a645f72817332f1102b84549d69fff69582fa7ed021c1","mean":[0.485,0.456,0.406],"name":"resnet20","std":[0.229,0.224,0.225],"weights":"de26ea62067377e553049d8c3b9fcabe5c46f293a141292bbbfe15ee649b8adb"},"protocol":{"act_grid":"asymmetric_per_tensor","act_init":"quantized_path","act_placement":"relu","bn":"kept","eval_crop":0,"eval_resize":0,"first_w":"same","last_in_a":"same","last_w":"same","select":"last","shortcut":"shared","stem_out_a":"same","w_grid":"asymmetric_per_channel"},"quantizer":{"name":"minmax","params":{"batch":256,"extremes":"batch","ranks":1}},"synthesizer":{"name":"noise","params":{"images":8}},"teacher":{"limit":64},"variant":"code"}');
CREATE TABLE correctness (
  stage_id INTEGER PRIMARY KEY REFERENCES stage (id),
  images INTEGER NOT NULL,
  bits BLOB NOT NULL
) STRICT;
INSERT INTO "correctness" VALUES(4,64,X'FFFFF7FFFFF7BFF6');
INSERT INTO "correctness" VALUES(7,64,X'FFFFF7FFFFF7BFF6');
CREATE TABLE curve (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  term TEXT NOT NULL,
  points INTEGER NOT NULL CHECK (points BETWEEN 0 AND 512),
  data BLOB NOT NULL,
  PRIMARY KEY (stage_id, term)
) STRICT;
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
INSERT INTO "design" VALUES(1,'teacher','teacher',1,'{"arch":"resnet20_cifar_a","classes":10,"data":"5cec0f8075ce3353b79d793ccf8fa51a1eba90c959968d71199d7768aad762f2","dataset":"cifar10","expected_top1":88.13,"limit":64,"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225],"weights":"de26ea62067377e553049d8c3b9fcabe5c46f293a141292bbbfe15ee649b8adb"}','[]','{"data":"/data/cifar10","weights":"/data/cifar10/resnet20.safetensors"}',1);
INSERT INTO "design" VALUES(2,'synthesize','noise',1,'{"images":8,"name":"noise","seed":"<seed>"}','["teacher"]','{}',1);
INSERT INTO "design" VALUES(3,'quantize','minmax',1,'{"a_bits":8,"batch":256,"extremes":"batch","name":"minmax","protocol":{"act_grid":"asymmetric_per_tensor","act_init":"quantized_path","act_placement":"relu","bn":"kept","first_w":"same","last_in_a":"same","last_w":"same","select":"last","shortcut":"shared","stem_out_a":"same","w_grid":"asymmetric_per_channel"},"w_bits":8}','["images","teacher"]','{}',1);
INSERT INTO "design" VALUES(4,'evaluate','evaluate',1,'{"data":"5cec0f8075ce3353b79d793ccf8fa51a1eba90c959968d71199d7768aad762f2","dataset":"cifar10","limit":64}','["quantized","teacher"]','{"data":"/data/cifar10"}',1);
CREATE TABLE execution (
  id INTEGER PRIMARY KEY,
  config TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "execution" VALUES(1,'{"/profile":"smoke","/threads":{"evaluate":1,"quantize":1,"synthesize":1,"teacher":1}}');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','2');
INSERT INTO "meta" VALUES('owner','bd76482a-b6aa-4cae-b668-aadaf40527ed');
INSERT INTO "meta" VALUES('published','5451e90aee3c144a72746df53edd5f517dc8e4fe85c120f2ea8eb08d84fbf2cc');
CREATE TABLE metric (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  name TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (stage_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "metric" VALUES(1,'fp32_loss',3.04038166999816894531e-01);
INSERT INTO "metric" VALUES(1,'fp32_top1',92.1875);
INSERT INTO "metric" VALUES(1,'images',64.0);
INSERT INTO "metric" VALUES(1,'parameters',269722.0);
INSERT INTO "metric" VALUES(2,'bn_spread',6.40232464094331599202e-02);
INSERT INTO "metric" VALUES(2,'class_entropy',7.35621939758794640695e-01);
INSERT INTO "metric" VALUES(2,'confidence',5.73222074657678604125e-01);
INSERT INTO "metric" VALUES(2,'images',8.0);
INSERT INTO "metric" VALUES(3,'bitops',2680324096.0);
INSERT INTO "metric" VALUES(3,'size_bytes',268336.0);
INSERT INTO "metric" VALUES(4,'agreement',100.0);
INSERT INTO "metric" VALUES(4,'images',64.0);
INSERT INTO "metric" VALUES(4,'loss',3.06031316518783569335e-01);
INSERT INTO "metric" VALUES(4,'top1',92.1875);
INSERT INTO "metric" VALUES(5,'bn_spread',6.70956515169338074677e-02);
INSERT INTO "metric" VALUES(5,'class_entropy',9.00256051268536916509e-01);
INSERT INTO "metric" VALUES(5,'confidence',5.36873206496238708496e-01);
INSERT INTO "metric" VALUES(5,'images',8.0);
INSERT INTO "metric" VALUES(6,'bitops',2680324096.0);
INSERT INTO "metric" VALUES(6,'size_bytes',268336.0);
INSERT INTO "metric" VALUES(7,'agreement',100.0);
INSERT INTO "metric" VALUES(7,'images',64.0);
INSERT INTO "metric" VALUES(7,'loss',3.06847274303436279296e-01);
INSERT INTO "metric" VALUES(7,'top1',92.1875);
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
CREATE TABLE signature (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  facts TEXT NOT NULL
) STRICT;
INSERT INTO "signature" VALUES(1,'b0e4a927419430aec77d4d497915d4e54e41e18965b18a1bfe4b5cc1aab97a4a','{"compiler":"12.2.0","cpu":"Intel(R) Xeon(R) Processor","cpu_capability":"AVX512","device":"cpu","gpus":[],"nccl":"2.28.9","revision":"064fc03c6105-dirty","threads":1,"torch":"2.11.0"}');
CREATE TABLE "stage" (
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
INSERT INTO "stage" VALUES(1,X'705C05E4EE9511F93493E5DD6E1CFC76A207A2FD4DBB6CD68196270BF0F61E10',1,NULL,'done',1,1,2.11742446990683674812e-01,NULL,1,1.79538899820781970018e+09,1.79538899890577411649e+09);
INSERT INTO "stage" VALUES(2,X'31C4B665516686E7C3EEE69897F3BC38A982FEDFA83C538929D0467B83506E8E',2,0,'done',2,1,5.84537719987565651535e-02,NULL,1,1.79538899820781970018e+09,1.79538899899291324617e+09);
INSERT INTO "stage" VALUES(3,X'6620B34B624B6568976C656C7CEB5A745E4E14A3E7844D35A6ADDDF62357895E',3,NULL,'done',4,1,4.16180079919286072254e-02,NULL,1,1.79538899820781970018e+09,1.79538899913220405583e+09);
INSERT INTO "stage" VALUES(4,X'141BB34CDC2A09508610DBB7D77736CA2EC594CB328AF1B83DC0BAF2BC31A945',4,NULL,'done',6,1,9.11009249975904822349e-02,NULL,1,1.79538899820781970018e+09,1.7953889992861404419e+09);
INSERT INTO "stage" VALUES(5,X'754982822E1323D2BC5CA8CA4C205AD28E102CCEB2B03BBBFF6A8B3035C389DE',2,1,'done',3,1,5.77082579984562471508e-02,NULL,2,1.79538899820781970018e+09,1.79538899907279658318e+09);
INSERT INTO "stage" VALUES(6,X'B235C5892665DE85DD5D277873937FADB906D61C3D75BE6146AC020E493C6035',3,NULL,'done',5,1,3.8726888000383041799e-02,NULL,2,1.79538899820781970018e+09,1.79538899918845653537e+09);
INSERT INTO "stage" VALUES(7,X'3285D37D8DA7A71DC5C24D5846A02FF8D43CC73A55A7D9AA73802C7D6F9811AB',4,NULL,'done',6,1,1.21125429999665357172e-01,NULL,2,1.79538899820781970018e+09,1.79538899942901682854e+09);
CREATE TABLE "stage_input" (
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  place INTEGER NOT NULL,
  input_id INTEGER NOT NULL REFERENCES stage (id),
  PRIMARY KEY (stage_id, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "stage_input" VALUES(2,0,1);
INSERT INTO "stage_input" VALUES(3,0,2);
INSERT INTO "stage_input" VALUES(3,1,1);
INSERT INTO "stage_input" VALUES(4,0,3);
INSERT INTO "stage_input" VALUES(4,1,1);
INSERT INTO "stage_input" VALUES(5,0,1);
INSERT INTO "stage_input" VALUES(6,0,5);
INSERT INTO "stage_input" VALUES(6,1,1);
INSERT INTO "stage_input" VALUES(7,0,6);
INSERT INTO "stage_input" VALUES(7,1,1);
CREATE TABLE sweep (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  resolved TEXT NOT NULL,
  created REAL NOT NULL,
  updated REAL NOT NULL
, digest TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "sweep" VALUES(1,'kept','name: kept
profile: smoke
data: /data/cifar10
fixed:
  model: {file: resnet20.safetensors, arch: resnet20_cifar_a, dataset: cifar10}
  bits: w8a8
  evaluate: {limit: 64}
grid:
  method: [noise]
seeds: [0, 1]
','{"data":"/data/cifar10","fixed":{"bits":"w8a8","evaluate":{"limit":64},"model":{"arch":"resnet20_cifar_a","dataset":"cifar10","file":"resnet20.safetensors"}},"grid":{"method":["noise"]},"name":"kept","profile":"smoke","seeds":[0,1]}',1.79538899820781970018e+09,1.79538899820781970018e+09,'6cd73d017a5f9d7b26f9c81fc5a77d2cdb91125c1784acbe6af244c6a4d1412b');
CREATE TABLE sweep_trial (
  sweep_id INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
  trial_id INTEGER NOT NULL REFERENCES trial (id),
  PRIMARY KEY (sweep_id, trial_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "sweep_trial" VALUES(1,1);
INSERT INTO "sweep_trial" VALUES(1,2);
CREATE TABLE "trial" (
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
INSERT INTO "trial" VALUES(1,X'DCB402DCE71ED74BB0ADDF92DD795737DAF42A6CF134ED71AEFC509BC3C5F8E6',1,1,0,0,0,'done',NULL,1.79538899820781970018e+09,1.79538899928622198111e+09);
INSERT INTO "trial" VALUES(2,X'1C87D1DD5B7A2E8092130932BA21803D0F0B984F839BD6A86383D88DD6E21AC8',1,1,1,1,1,'done',NULL,1.79538899820781970018e+09,1.79538899942913603787e+09);
CREATE TABLE "trial_stage" (
  trial_id INTEGER NOT NULL REFERENCES trial (id),
  stage_id INTEGER NOT NULL REFERENCES stage (id),
  kind TEXT NOT NULL,
  PRIMARY KEY (trial_id, stage_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "trial_stage" VALUES(1,1,'teacher');
INSERT INTO "trial_stage" VALUES(1,2,'synthesize');
INSERT INTO "trial_stage" VALUES(1,3,'quantize');
INSERT INTO "trial_stage" VALUES(1,4,'evaluate');
INSERT INTO "trial_stage" VALUES(2,1,'teacher');
INSERT INTO "trial_stage" VALUES(2,5,'synthesize');
INSERT INTO "trial_stage" VALUES(2,6,'quantize');
INSERT INTO "trial_stage" VALUES(2,7,'evaluate');
CREATE INDEX sweep_trial_trial ON sweep_trial (trial_id);
CREATE INDEX attempt_open ON attempt (id) WHERE outcome IS NULL;
CREATE INDEX attempt_ended ON attempt (ended) WHERE outcome = 'done';
CREATE INDEX published_paper ON published (paper);
CREATE VIEW v_published AS
SELECT paper, table_, method, dataset, arch, w_bits, a_bits, metric, value, fp32, confidence, source,
  title, recipe, model_as_printed, bits, preset, stem_out, checkpoint, pick, needs_real_data, training
FROM published ORDER BY id;
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
COMMIT;
PRAGMA user_version = 5;
