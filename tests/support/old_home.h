// Databases as earlier versions left them (tests/storage/schemas).
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "storage/home/home.h"
#include "storage/results/sqlite.h"

namespace zerosweep {

// The SQL of a database of this schema: two done trials of noise at w8a8.
inline std::string OldDatabase(int schema) {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  return ReadFile(std::filesystem::path(source == nullptr ? "." : source) /
                  fmt::format("tests/storage/schemas/schema{}.sql", schema));
}

// A home of schema 4 with `trials` trials, of which those of seeds from 2 on are open. Each has its
// own synthesize, quantize and evaluate stage with invented names.
inline void MakeOldHome(const Home& home, int trials) {
  home.Create();
  Database database(home.database(), OpenMode::kWrite);
  database.Exec(OldDatabase(4));
  database.Scalar("PRAGMA journal_mode = WAL");
  database.Exec(fmt::format(R"sql(BEGIN;
CREATE TEMP TABLE more AS WITH RECURSIVE n (seed) AS
  (SELECT 2 UNION ALL SELECT seed + 1 FROM n WHERE seed + 1 < {}) SELECT seed FROM n;
INSERT INTO trial SELECT more.seed + 1, lower(hex(randomblob(32))), configuration_id, dataset, model,
  method, synthesizer, quantizer, w_bits, a_bits, more.seed, protocol, variant,
  json_set(seeds, '$."/seeds".quantize', more.seed, '$."/seeds".synthesis', more.seed), 'open', NULL,
  created, NULL, bits FROM more JOIN trial ON id = 1;
INSERT INTO stage (id, name, kind, implementation, revision, params, files, threads, caused_by,
  created)
  SELECT 3 * more.seed + id, lower(hex(randomblob(32))), kind, implementation, revision,
    iif(params ->> '$.seed' IS NULL, params, json_set(params, '$.seed', more.seed)), files, threads,
    more.seed + 1, created FROM more JOIN stage ON id IN (2, 3, 4);
INSERT INTO stage_input SELECT 3 * seed + stage_id, role, iif(input_id = 1, 1, 3 * seed + input_id)
  FROM more JOIN stage_input ON stage_id IN (2, 3, 4);
INSERT INTO trial_stage SELECT seed + 1, kind, iif(stage_id = 1, 1, 3 * seed + stage_id)
  FROM more JOIN trial_stage ON trial_id = 1;
INSERT INTO sweep_trial SELECT 1, seed + 1 FROM more;
COMMIT)sql",
                            trials));
}

}  // namespace zerosweep
