#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "storage/artifacts/artifact_store.h"
#include "storage/bundles/bundle.h"
#include "storage/bundles/bundle_file.h"
#include "storage/results/open_reading.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Collects the ids of the sweep's trials and of all stages that they need in temporary tables.
void FindRows(Database& home, const std::string& sweep) {
  home.Exec(
      "CREATE TEMP TABLE its_trial (id INTEGER PRIMARY KEY);"
      "CREATE TEMP TABLE its_stage (id INTEGER PRIMARY KEY)");
  home.Prepare(
          "INSERT INTO its_trial SELECT st.trial_id FROM sweep s JOIN sweep_trial st ON "
          "st.sweep_id = s.id WHERE s.name = ?")
      .Run(sweep);
  home.Exec(
      "WITH RECURSIVE needed (id) AS (SELECT stage_id FROM trial_stage WHERE trial_id IN its_trial "
      "UNION SELECT input_id FROM stage_input JOIN needed ON stage_id = needed.id) "
      "INSERT INTO its_stage SELECT id FROM needed");
}

void CopyFile(const fs::path& path, const std::string& digest, Database& bundle,
              const std::function<void(int64_t)>& copied) {
  std::ifstream file(path, std::ios::binary);
  std::string piece(static_cast<size_t>(kPieceBytes), '\0');
  Statement& insert = bundle.Prepare("INSERT INTO piece VALUES (?, ?, ?, ?)");
  for (int64_t number = 0;; ++number) {
    file.read(piece.data(), kPieceBytes);
    const auto bytes = static_cast<size_t>(file.gcount());
    if (bytes > 0 || number == 0) {
      insert.Run(digest, path.filename().string(), number,
                 Blob{std::string_view(piece).substr(0, bytes)});
      copied(static_cast<int64_t>(bytes));
    }
    if (file.eof()) return;
    if (!file) Fail(ErrorKind::kStorage, "cannot read {}", path.string());
  }
}

void CopyArtifacts(const ArtifactStore& store, Database& bundle, const BundleProgress& progress) {
  int64_t total = 0, done = 0;
  std::vector<std::string> digests;
  Statement& select = bundle.Prepare("SELECT digest, bytes FROM artifact ORDER BY digest");
  while (select.Step()) {
    digests.push_back(select.Text(0));
    total += select.Int(1);
  }
  for (const std::string& digest : digests) {
    const auto folder = store.Find(digest);
    const std::string defect = folder ? DefectOf(*folder, digest) : "its folder is missing";
    if (!defect.empty()) {
      Fail(ErrorKind::kStorage, "artifact {} cannot be exported: {}; `zerosweep fsck` says more",
           digest, defect);
    }
    std::vector<std::string> names = {kManifestFile};
    for (const auto& [name, of_file] : ReadManifest(*folder).files) names.push_back(name);
    for (const std::string& name : names) {
      CopyFile(*folder / name, digest, bundle, [&](int64_t bytes) {
        done = std::min(total, done + bytes);
        if (progress) progress(done, total);
      });
    }
  }
}

void WriteBundle(const Home& home, const std::string& sweep, const fs::path& file,
                 const BundleProgress& progress, const ResultsOptions& options) {
  const ReadableDatabase opened = OpenForReading(home, options);
  Database& from = *opened.database;
  from.Exec("BEGIN");  // one consistent snapshot
  FindRows(from, sweep);
  Database bundle(file, OpenMode::kWrite);
  // Nothing reads the file before its final rename: no journal, one sync at the end.
  bundle.Exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  CreateBundleTables(bundle);
  bundle.Exec("BEGIN");
  for (const BundleTable& table : BundleTables()) {
    Statement& select = from.Prepare(table.select);
    if (table.name == "sweep") select.Bind(sweep);
    const int64_t rows = CopyRows(select, bundle, table.name, table.columns);
    if (table.name == "sweep" && rows == 0)
      Fail(ErrorKind::kUsage, "the home holds no sweep '{}': `zerosweep status` lists them", sweep);
  }
  from.Exec("COMMIT");
  CopyArtifacts(ArtifactStore(home), bundle, progress);
  bundle.Exec("COMMIT; PRAGMA synchronous = FULL; PRAGMA user_version = 1");
}

}  // namespace

void ExportBundle(const Home& home, const std::string& sweep, const fs::path& file,
                  const BundleProgress& progress, const ResultsOptions& options) {
  const fs::path partial = file.string() + "." + NewUuid() + ".part";
  try {
    WriteBundle(home, sweep, partial, progress, options);
    FsyncFile(partial);
    fs::rename(partial, file);
    FsyncFolder(fs::absolute(file).parent_path());
  } catch (const fs::filesystem_error& error) {
    std::error_code code;
    fs::remove(partial, code);
    Fail(ErrorKind::kStorage, "cannot write {}: {}", file.string(), error.code().message());
  } catch (...) {
    std::error_code code;
    fs::remove(partial, code);
    throw;
  }
}

}  // namespace zerosweep
