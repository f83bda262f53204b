#include "storage/bundles/bundle_file.h"

#include <map>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

constexpr int kApplication = 0x5A53424E;  // "ZSBN"
constexpr int kFormat = 1;

std::string CreateSql(const std::string& name, const std::string& definition) {
  return fmt::format("CREATE TABLE {} ({}) STRICT", name, definition);
}

const char* const kPieceDefinition =
    "artifact TEXT NOT NULL, file TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, "
    "PRIMARY KEY (artifact, file, number)";

std::map<std::string, std::string> ExpectedSchema() {
  std::map<std::string, std::string> tables = {{kPieces, CreateSql(kPieces, kPieceDefinition)}};
  for (const BundleTable& table : BundleTables())
    tables[table.name] = CreateSql(table.name, table.definition);
  return tables;
}

}  // namespace

const std::vector<BundleTable>& BundleTables() {
  static const std::vector<BundleTable> tables = {
      {"sweep",
       {"name", "source", "resolved", "created"},
       "name TEXT PRIMARY KEY, source TEXT NOT NULL, resolved TEXT NOT NULL, created REAL NOT NULL",
       "SELECT name, source, resolved, created FROM sweep WHERE name = ?1"},
      {"configuration",
       {"digest", "config"},
       "digest TEXT PRIMARY KEY, config TEXT NOT NULL",
       "SELECT digest, config FROM configuration WHERE id IN (SELECT configuration_id FROM trial "
       "JOIN its_trial USING (id))"},
      {"trial",
       {"name", "configuration", "dataset", "model", "method", "synthesizer", "quantizer", "w_bits",
        "a_bits", "bits", "seed", "protocol", "variant", "seeds", "state", "error", "created",
        "ended"},
       "name TEXT PRIMARY KEY, configuration TEXT NOT NULL, dataset TEXT NOT NULL, model TEXT NOT "
       "NULL, method TEXT NOT NULL, synthesizer TEXT NOT NULL, quantizer TEXT NOT NULL, w_bits "
       "REAL NOT NULL, a_bits REAL NOT NULL, bits TEXT NOT NULL, seed INTEGER NOT NULL, protocol "
       "TEXT NOT NULL, variant TEXT NOT NULL, seeds TEXT NOT NULL, state TEXT NOT NULL, error "
       "TEXT, created REAL NOT NULL, ended REAL",
       "SELECT t.name, c.digest, c.dataset, c.model, c.method, c.synthesizer, c.quantizer, "
       "c.w_bits, c.a_bits, c.bits, t.seed, c.protocol, c.variant, json_set(e.config, "
       "'$.\"/seeds\"', json_object('quantize', t.seed_quantize, 'synthesis', t.seed_synthesis)), "
       "t.state, t.error, t.created, t.ended FROM trial t JOIN its_trial USING (id) JOIN "
       "configuration c ON c.id = t.configuration_id JOIN execution e ON e.id = t.execution_id"},
      {"artifact",
       {"digest", "bytes", "created"},
       "digest TEXT PRIMARY KEY, bytes INTEGER NOT NULL, created REAL NOT NULL",
       "SELECT digest, bytes, created FROM artifact WHERE id IN (SELECT artifact_id FROM stage "
       "JOIN its_stage USING (id) WHERE state = 'done')"},
      {"stage",
       {"name", "kind", "implementation", "revision", "params", "threads", "state", "artifact",
        "seconds", "error", "caused_by", "created", "ended"},
       "name TEXT PRIMARY KEY, kind TEXT NOT NULL, implementation TEXT NOT NULL, revision INTEGER "
       "NOT NULL, params TEXT NOT NULL, threads INTEGER NOT NULL, state TEXT NOT NULL, artifact "
       "TEXT, seconds REAL, error TEXT, caused_by TEXT, created REAL NOT NULL, ended REAL",
       "SELECT g.name, d.kind, d.implementation, d.revision, v.params, d.threads, g.state, CASE "
       "g.state WHEN 'done' THEN a.digest END, g.seconds, g.error, t.name, g.created, g.ended FROM "
       "stage g JOIN its_stage USING (id) JOIN design d ON d.id = g.design_id JOIN v_stage v ON "
       "v.stage = g.name LEFT JOIN artifact a ON a.id = g.artifact_id LEFT JOIN trial t ON t.id = "
       "g.caused_by"},
      {"stage_input",
       {"stage", "role", "input"},
       "stage TEXT NOT NULL, role TEXT NOT NULL, input TEXT NOT NULL, PRIMARY KEY (stage, role)",
       "SELECT g.name, d.roles ->> i.place, h.name FROM stage_input i JOIN its_stage ON "
       "its_stage.id = i.stage_id JOIN stage g ON g.id = i.stage_id JOIN design d ON d.id = "
       "g.design_id JOIN stage h ON h.id = i.input_id"},
      {"trial_stage",
       {"trial", "kind", "stage"},
       "trial TEXT NOT NULL, kind TEXT NOT NULL, stage TEXT NOT NULL, PRIMARY KEY (trial, kind)",
       "SELECT t.name, x.kind, g.name FROM trial_stage x JOIN its_trial ON its_trial.id = "
       "x.trial_id JOIN trial t ON t.id = x.trial_id JOIN stage g ON g.id = x.stage_id"},
      {"signature",
       {"digest", "facts"},
       "digest TEXT PRIMARY KEY, facts TEXT NOT NULL",
       "SELECT digest, facts FROM signature WHERE id IN (SELECT a.signature_id FROM attempt a JOIN "
       "its_stage ON its_stage.id = a.stage_id WHERE a.outcome IS NOT NULL)"},
      {"attempt",
       {"name", "stage", "number", "worker", "device", "threads", "started", "ended", "outcome",
        "error_kind", "failure", "message", "log_tail", "seconds", "signature",
        "signature_changed"},
       "name TEXT PRIMARY KEY, stage TEXT NOT NULL, number INTEGER NOT NULL, worker TEXT NOT NULL, "
       "device TEXT NOT NULL, threads INTEGER NOT NULL, started REAL NOT NULL, ended REAL, outcome "
       "TEXT NOT NULL, error_kind TEXT, failure TEXT, message TEXT, log_tail TEXT, seconds REAL, "
       "signature TEXT, signature_changed INTEGER NOT NULL",
       "SELECT a.name, g.name, a.number, a.worker, a.device, a.threads, a.started, a.ended, "
       "a.outcome, a.error_kind, a.failure, a.message, a.log_tail, a.seconds, n.digest, "
       "a.signature_changed FROM attempt a JOIN its_stage ON its_stage.id = a.stage_id JOIN stage "
       "g ON g.id = a.stage_id LEFT JOIN signature n ON n.id = a.signature_id WHERE a.outcome IS "
       "NOT NULL"},
      {"attempt_input",
       {"attempt", "role", "artifact"},
       "attempt TEXT NOT NULL, role TEXT NOT NULL, artifact TEXT NOT NULL, PRIMARY KEY (attempt, "
       "role)",
       "SELECT a.name, i.role, i.artifact FROM attempt_input i JOIN attempt a ON a.id = "
       "i.attempt_id JOIN its_stage ON its_stage.id = a.stage_id WHERE a.outcome IS NOT NULL"},
      {"metric",
       {"stage", "name", "value"},
       "stage TEXT NOT NULL, name TEXT NOT NULL, value REAL, PRIMARY KEY (stage, name)",
       "SELECT g.name, m.name, m.value FROM metric m JOIN its_stage ON its_stage.id = m.stage_id "
       "JOIN stage g ON g.id = m.stage_id"},
      {"correctness",
       {"stage", "images", "bits"},
       "stage TEXT PRIMARY KEY, images INTEGER NOT NULL, bits BLOB NOT NULL",
       "SELECT g.name, c.images, c.bits FROM correctness c JOIN its_stage ON its_stage.id = "
       "c.stage_id JOIN stage g ON g.id = c.stage_id"},
      {"curve",
       {"stage", "term", "points", "data"},
       "stage TEXT NOT NULL, term TEXT NOT NULL, points INTEGER NOT NULL, data BLOB NOT NULL, "
       "PRIMARY KEY (stage, term)",
       "SELECT g.name, c.term, c.points, c.data FROM curve c JOIN its_stage ON its_stage.id = "
       "c.stage_id JOIN stage g ON g.id = c.stage_id"}};
  return tables;
}

void CreateBundleTables(Database& bundle) {
  bundle.Exec(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplication, kFormat));
  for (const auto& [name, sql] : ExpectedSchema()) bundle.Exec(sql);
}

std::unique_ptr<Database> OpenBundle(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    Fail(ErrorKind::kUsage, "{} cannot be read as a bundle: {}", file.string(), why);
  };
  if (!std::filesystem::is_regular_file(file)) refuse("there is no such file");
  try {
    auto bundle = std::make_unique<Database>(file, OpenMode::kImmutable);
    if (bundle->Scalar("PRAGMA application_id") != std::to_string(kApplication))
      refuse("`zerosweep export --bundle` did not make it");
    if (const std::string format = bundle->Scalar("PRAGMA user_version");
        format != std::to_string(kFormat))
      refuse(fmt::format("its format is {}, this zerosweep knows {}", format, kFormat));
    std::map<std::string, std::string> expected = ExpectedSchema();
    Statement& schema = bundle->Prepare(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE sql IS NOT NULL");
    while (schema.Step()) {
      const auto table = expected.find(schema.Text(1));
      if (schema.Text(0) != "table" || table == expected.end() || table->second != schema.Text(2))
        refuse(fmt::format("its {} '{}' is not one of a bundle", schema.Text(0), schema.Text(1)));
      expected.erase(table);
    }
    if (!expected.empty()) refuse(fmt::format("it has no table {}", expected.begin()->first));
    if (const std::string integrity = bundle->Scalar("PRAGMA integrity_check(1)");
        integrity != "ok")
      refuse(fmt::format("it is damaged ({})", integrity));
    return bundle;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) throw;
    refuse(error.what());
  }
  return nullptr;
}

int64_t CopyRows(Statement& from, Database& to, const std::string& table,
                 const std::vector<std::string>& columns) {
  const std::vector<std::string> marks(columns.size(), "?");
  Statement& insert = to.Prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", table,
                                             Join(columns, ", "), Join(marks, ", ")));
  int64_t rows = 0;
  for (; from.Step(); ++rows) {
    for (int i = 0; i < static_cast<int>(columns.size()); ++i)
      sqlite3_bind_value(insert.get(), i + 1, sqlite3_column_value(from.get(), i));
    insert.Run();
  }
  return rows;
}

}  // namespace zerosweep
