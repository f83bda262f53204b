#include <fstream>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "contract/stage_messages.h"
#include "storage/artifacts/artifact_store.h"
#include "storage/bundles/bundle.h"
#include "storage/bundles/bundle_file.h"
#include "storage/results/configuration.h"
#include "storage/results/stage_text.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// The columns of a trial that make up its configuration, in the order of ReadConfiguration.
constexpr const char* kConfigurationColumns =
    "t.dataset, t.model, t.method, t.synthesizer, t.quantizer, t.w_bits, t.a_bits, t.protocol, "
    "t.variant";

Configuration ReadConfiguration(Statement& rows) {
  return {.dataset = rows.Text(0),
          .model = rows.Text(1),
          .method = rows.Text(2),
          .synthesizer = rows.Text(3),
          .quantizer = rows.Text(4),
          .w_bits = rows.Real(5),
          .a_bits = rows.Real(6),
          .protocol = rows.Text(7),
          .variant = rows.Text(8)};
}

class BundleReader {
 public:
  explicit BundleReader(const fs::path& file) : file_(file), bundle_(OpenBundle(file)) {
    if (bundle_->Scalar("SELECT count(*) FROM sweep") != "1") Refuse("it must hold one sweep");
    CheckStates();
    CheckStages();
    CheckConfigurations();
    CheckTrials();
    CheckMeasurements();
    CheckSignatures();
    CheckArtifacts();
  }

  Database& database() { return *bundle_; }

  // Publishes the artifacts that the store lacks; returns their number.
  int PublishArtifacts(const Home& home, ArtifactStore& store) {
    int published = 0;
    for (const std::string& digest :
         bundle_->Texts("SELECT digest FROM artifact ORDER BY digest")) {
      if (store.Find(digest)) continue;
      const fs::path staging = home.staging(NewUuid());
      MakePrivateFolder(staging);
      try {
        WriteFiles(digest, staging);
        published += store.Adopt(staging, digest) ? 1 : 0;
      } catch (...) {
        std::error_code code;
        fs::remove_all(staging, code);
        throw;
      }
    }
    store.Sync();
    return published;
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    Fail(ErrorKind::kUsage, "{} cannot be imported: {}", file_.string(), why);
  }

  void CheckStates() {
    for (const char* table : {"trial", "stage"}) {
      const std::string odd = bundle_->Scalar(
          fmt::format("SELECT name FROM {} WHERE state NOT IN ('open', 'done', 'failed', "
                      "'cancelled') OR length(name) <> 64 OR name GLOB '*[^0-9a-f]*' LIMIT 1",
                      table));
      if (!odd.empty()) Refuse(fmt::format("{} '{:.64}' has an invalid state or name", table, odd));
    }
    // These names do not become parts of paths; if one ever does, it must be harmless.
    for (const char* table : {"attempt", "sweep"}) {
      const std::string odd =
          bundle_->Scalar(fmt::format("SELECT name FROM {} WHERE name GLOB '*[^0-9A-Za-z_.-]*' OR "
                                      "length(name) NOT BETWEEN 1 AND 100 OR name IN ('.', '..') "
                                      "LIMIT 1",
                                      table));
      if (!odd.empty()) Refuse(fmt::format("{} '{:.64}' has an invalid name", table, odd));
    }
    const std::string done = bundle_->Scalar(
        "SELECT name FROM stage WHERE state = 'done' AND coalesce(artifact, '') NOT IN (SELECT "
        "digest FROM artifact) LIMIT 1");
    if (!done.empty()) Refuse(fmt::format("stage {} is done and its artifact is not there", done));
  }

  void CheckStages() {
    std::map<std::string, std::map<std::string, std::string>> inputs;
    Statement& links = bundle_->Prepare("SELECT stage, role, input FROM stage_input");
    while (links.Step()) inputs[links.Text(0)][links.Text(1)] = links.Text(2);
    Statement& stages = bundle_->Prepare("SELECT name, kind, revision, params FROM stage");
    while (stages.Step()) {
      const std::string name = stages.Text(0);
      const StageSpec spec{name, stages.Text(1), static_cast<int>(stages.Int(2)),
                           ParseJson(stages.Text(3), "a stage's parameters"), inputs[name]};
      if (spec.ComputeName() != name)
        Refuse(fmt::format("stage {} has parameters that do not match its name", name));
    }
  }

  void CheckConfigurations() {
    Statement& rows = bundle_->Prepare(
        fmt::format("SELECT DISTINCT {}, c.digest, c.config FROM trial t LEFT JOIN configuration c "
                    "ON c.digest = t.configuration",
                    kConfigurationColumns));
    while (rows.Step()) {
      const Configuration configuration = ReadConfiguration(rows);
      if (rows.IsNull(9) || ConfigurationDigest(ParseJson(rows.Text(10), "a configuration"),
                                                configuration) != rows.Text(9))
        Refuse(fmt::format("a trial of {} does not have the configuration that it names",
                           configuration.method));
    }
  }

  void CheckTrials() {
    Statement& rows = bundle_->Prepare(
        fmt::format("SELECT {}, t.name, t.seeds, x.stage FROM trial t LEFT JOIN trial_stage x ON "
                    "x.trial = t.name AND x.kind = 'evaluate'",
                    kConfigurationColumns));
    while (rows.Step()) {
      if (TrialName(rows.Text(11), TrialTail(ReadConfiguration(rows))) != rows.Text(9))
        Refuse(fmt::format("trial {} does not match its name", rows.Text(9)));
      ParseJson(rows.Text(10), "a trial's seeds");
    }
  }

  // Readers use these values unchecked.
  void CheckMeasurements() {
    const std::map<std::string, std::string> odd = {
        {"correctness", "images < 0 OR length(bits) <> (images + 7) / 8"},
        {"curve",
         fmt::format("points NOT BETWEEN 0 AND {} OR length(data) <> 8 * points", kMaxCurvePoints)},
        {"attempt", "outcome NOT IN ('done', 'failed', 'superseded')"}};
    for (const auto& [table, condition] : odd) {
      const std::string stage =
          bundle_->Scalar(fmt::format("SELECT stage FROM {} WHERE {} LIMIT 1", table, condition));
      if (!stage.empty()) Refuse(fmt::format("the {} of stage {:.64} is malformed", table, stage));
    }
  }

  void CheckSignatures() {
    Statement& rows = bundle_->Prepare("SELECT digest, facts FROM signature");
    while (rows.Step())
      if (JsonDigest(ParseJson(rows.Text(1), "a signature")) != rows.Text(0))
        Refuse(fmt::format("signature {:.64} does not match its name", rows.Text(0)));
  }

  void CheckArtifacts() {
    for (const std::string& file : bundle_->Texts("SELECT DISTINCT file FROM piece"))
      if (!IsPlainName(file)) Refuse(fmt::format("illegal file name '{}'", file));
    Statement& artifacts = bundle_->Prepare(
        "SELECT digest, EXISTS (SELECT 1 FROM piece p WHERE p.artifact = digest) FROM artifact");
    while (artifacts.Step()) {
      if (!IsHex(artifacts.Text(0))) Refuse("an artifact without a digest");
      if (artifacts.Int(1) == 0) Refuse(fmt::format("artifact {} has no files", artifacts.Text(0)));
    }
  }

  void WriteFiles(const std::string& digest, const fs::path& folder) {
    Statement& pieces = bundle_->Prepare(
        "SELECT file, number, data FROM piece WHERE artifact = ? ORDER BY file, number");
    std::ofstream file;
    std::string open;
    for (pieces.Bind(digest); pieces.Step();) {
      const std::string name = pieces.Text(0);
      if (name != open) {
        file.close();
        file.open(folder / name, std::ios::binary);
        open = name;
      }
      const std::string data = pieces.Text(2);
      file.write(data.data(), static_cast<std::streamsize>(data.size()));
      if (!file.flush()) Fail(ErrorKind::kStorage, "cannot write {}", (folder / name).string());
    }
    file.close();
    for (const auto& entry : fs::directory_iterator(folder)) FsyncFile(entry.path());
    FsyncFolder(folder);
  }

  fs::path file_;
  std::unique_ptr<Database> bundle_;
};

}  // namespace

BundleCounts ImportBundle(const Home& home, ResultsWriter& writer, const fs::path& file) {
  BundleReader bundle(file);
  ArtifactStore store(home);
  const int published = bundle.PublishArtifacts(home, store);
  BundleCounts counts = writer.Merge(bundle.database());
  counts.artifacts_new = published;
  return counts;
}

}  // namespace zerosweep
