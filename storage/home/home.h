// The home: the one folder that holds everything a user keeps.
//
//   results.db  artifacts/<2 hex>/<digest>/  artifacts/.staging/<attempt>/
//   checkpoints/<stage>/<attempt>-<step>/  logs/<2 hex>/<attempt>[.rank<k>].log  requests/
//   run/<id>/  lock jobs/<id>/
#pragma once

#include <filesystem>
#include <string>

namespace zerosweep {

struct Home {
  std::filesystem::path folder;

  std::filesystem::path database() const { return folder / "results.db"; }
  std::filesystem::path snapshot() const { return folder / "results.snapshot.db"; }
  std::filesystem::path artifacts() const { return folder / "artifacts"; }
  std::filesystem::path staging(const std::string& attempt) const;
  std::filesystem::path artifact(const std::string& digest) const;
  // Of all stages, and of one. Made when a stage saves its first.
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path checkpoints(const std::string& stage) const;
  // Of rank 0 of an attempt, or of another one of a group.
  std::filesystem::path log(const std::string& attempt, int rank = 0) const;
  std::filesystem::path requests() const { return folder / "requests"; }
  std::filesystem::path run(const std::string& id) const { return folder / "run" / id; }
  std::filesystem::path lock() const { return folder / "lock"; }
  // Slurm jobs that were submitted for this home. Made when the first is.
  std::filesystem::path jobs() const { return folder / "jobs"; }
  std::filesystem::path job(const std::string& id) const { return jobs() / id; }

  // Makes the missing folders, mode 0700. Throws kStorage with advice when the place is not
  // writable.
  void Create() const;
  bool Exists() const;

  // `option`, else $ZEROSWEEP_HOME, else ./zerosweep-home; absolute.
  static Home Locate(const std::string& option);
};

}  // namespace zerosweep
