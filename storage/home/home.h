// The home: the one folder that holds everything a user keeps.
//
//   lock · results.db · requests/ · run/<id>/ · jobs/<id>/
//   artifacts/<2 hex>/<digest>/ · artifacts/.staging/<attempt>/
//   models/<name>.json · models/<name>/ · checkpoints/<stage>/<attempt>-<step>/ · logs/<2 hex>/<attempt>[.rank<k>].log
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
  // The checkpoints of all stages, or of one. Created when a stage saves its first.
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path checkpoints(const std::string& stage) const;
  // The log of rank 0 of an attempt, or of another rank of its group.
  std::filesystem::path log(const std::string& attempt, int rank = 0) const;
  std::filesystem::path requests() const { return folder / "requests"; }
  std::filesystem::path run(const std::string& id) const { return folder / "run" / id; }
  // Networks that the user imported, and their cards. Created with the first.
  std::filesystem::path models() const { return folder / "models"; }
  std::filesystem::path lock() const { return folder / "lock"; }
  // Slurm jobs submitted for this home. Created with the first job.
  std::filesystem::path jobs() const { return folder / "jobs"; }
  std::filesystem::path job(const std::string& id) const { return jobs() / id; }

  // Creates the missing folders with mode 0700. Throws kStorage, with advice, when the place is not
  // writable.
  void Create() const;
  bool Exists() const;

  // Takes `option`, otherwise $ZEROSWEEP_HOME, otherwise ./zerosweep-home. The path is absolute.
  static Home Locate(const std::string& option);
};

}  // namespace zerosweep
