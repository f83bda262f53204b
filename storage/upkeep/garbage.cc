#include "storage/upkeep/garbage.h"

#include "base/error.h"
#include "storage/artifacts/checkpoints.h"
#include "storage/home/file_system.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

int64_t BytesUnder(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code code;
  fs::recursive_directory_iterator entry(folder, code);
  for (; !code && entry != fs::recursive_directory_iterator(); entry.increment(code)) {
    if (entry->is_regular_file(code)) bytes += static_cast<int64_t>(entry->file_size(code));
  }
  return bytes;
}

class Collector {
 public:
  Collector(const Home& home, double min_age) : home_(home), min_age_(min_age) {}

  // A database without stages has replaced one that was lost: only the next run can say which
  // artifacts are needed.
  void Artifacts(Database& database) {
    const std::vector<Published> orphans = Orphans(home_, database);
    if (!orphans.empty() && database.Scalar("SELECT 1 FROM stage LIMIT 1").empty()) {
      Fail(ErrorKind::kStorage,
           "{} holds no stages, but there are {} artifacts: `zerosweep run` your sweeps first, "
           "which adopts what they need; then `zerosweep gc` removes the rest",
           home_.database().string(), orphans.size());
    }
    for (const Published& orphan : orphans) {
      const fs::path folder = home_.artifact(orphan.digest);
      if (!IsOld(folder)) continue;
      std::error_code code;
      fs::remove_all(folder, code);
      if (code) continue;
      ++garbage_.artifacts;
      garbage_.bytes += orphan.bytes;
    }
  }

  void Checkpoints(Database& database) {
    for (const StrayCheckpoint& stray : StrayCheckpoints(home_, database, /*thorough=*/false)) {
      if (!stray.garbage || !IsOld(stray.path)) continue;
      const int64_t bytes = BytesUnder(stray.path);
      std::error_code code;
      fs::remove_all(stray.path, code);
      if (code) continue;
      ++garbage_.checkpoints;
      garbage_.bytes += bytes;
    }
  }

  // While stages are running, the logs of slots stay.
  void Logs(Database& database, bool keep_slots) {
    Statement& known = database.Prepare("SELECT 1 FROM attempt WHERE name = ?");
    std::error_code code;
    fs::recursive_directory_iterator entry(home_.folder / "logs", code);
    for (; !code && entry != fs::recursive_directory_iterator(); entry.increment(code)) {
      const fs::path& path = entry->path();
      if (keep_slots && path.filename() == "slots") entry.disable_recursion_pending();
      if (path.extension() == ".log" && !known.Finds(path.stem().string())) RemoveFile(path);
    }
  }

  void TemporaryFiles() {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(home_.folder, code)) {
      const std::string name = entry.path().filename();
      if (name.find(".tmp-") != std::string::npos || name.starts_with("lock.stale-")) {
        RemoveFile(entry.path());
      }
    }
    for (const auto& entry : fs::directory_iterator(home_.requests(), code)) {
      const std::string name = entry.path().filename();
      if (name.find(".tmp-") != std::string::npos || name.ends_with(".reply.json")) {
        RemoveFile(entry.path());
      }
    }
  }

  Garbage garbage_;

 private:
  bool IsOld(const fs::path& path) const {
    const std::optional<double> age = AgeOf(path);
    return age && *age >= min_age_;
  }

  void RemoveFile(const fs::path& path) {
    std::error_code code;
    const auto bytes = static_cast<int64_t>(fs::file_size(path, code));
    if (code || !IsOld(path) || !fs::remove(path, code)) return;
    ++garbage_.files;
    garbage_.bytes += bytes;
  }

  const Home& home_;
  double min_age_;
};

}  // namespace

std::vector<Published> Orphans(const Home& home, Database& database) {
  Statement& named = database.Prepare("SELECT 1 FROM artifact WHERE digest = ?");
  Statement& open =
      database.Prepare("SELECT 1 FROM stage WHERE name = ? AND state IN ('open', 'cancelled')");
  std::vector<Published> orphans;
  for (Published& published : ArtifactStore(home).List())
    if (!named.Finds(published.digest) && !open.Finds(published.manifest.stage))
      orphans.push_back(std::move(published));
  return orphans;
}

Garbage CollectGarbage(const Home& home, const std::vector<std::string>& live, double min_age) {
  Database database(home.database(), OpenMode::kRead);
  Collector collector(home, min_age);
  collector.Artifacts(database);
  collector.garbage_.staging = ArtifactStore(home).RemoveStaleStaging(live, min_age);
  collector.Checkpoints(database);
  collector.Logs(database, /*keep_slots=*/!live.empty());
  collector.TemporaryFiles();
  return collector.garbage_;
}

}  // namespace zerosweep
