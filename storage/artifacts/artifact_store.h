// The artifact store: content-addressed folders, published by rename, checked when read.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "contract/artifact.h"
#include "storage/home/home.h"

namespace zerosweep {

struct Published {
  std::string digest;
  Manifest manifest;  // as its own stage wrote it: two stages may make the same bytes
  int64_t bytes = 0;
};

// The first thing wrong with a published artifact; empty when it is whole.
std::string DefectOf(const std::filesystem::path& folder, const std::string& digest);

class ArtifactStore {
 public:
  explicit ArtifactStore(Home home) : home_(std::move(home)) {}

  // Checks the staged artifact's manifest against what was reported, renames it into place without
  // replacing (first wins; the loser's staging is removed). Returns the staged manifest. Throws
  // kStorage: of Failure::kPublish when the staging is not what was reported, else an error
  // of the disk.
  Published Publish(const std::string& attempt, const std::string& stage,
                    const std::string& digest);

  // The same for a folder that came from elsewhere: checked against the digest alone. Returns
  // whether the store did not have it. Throws kUsage for a folder that is not that artifact.
  bool Adopt(const std::filesystem::path& folder, const std::string& digest);

  // Makes everything published since the last call durable. REQUIRES: called before anything is
  // committed that relies on it.
  void Sync();

  // The folder of a published artifact; nullopt when there is none.
  std::optional<std::filesystem::path> Find(const std::string& digest) const;

  // Every published artifact but those of `known` digests.
  std::vector<Published> List(const std::unordered_set<std::string>& known = {}) const;

  // Removes the staging folders of attempts that are not in `live` and older than `min_age`
  // seconds.
  int RemoveStaleStaging(const std::vector<std::string>& live, double min_age) const;

 private:
  // Renames into place; false when it was there already, and the folder is removed.
  bool Place(const std::filesystem::path& folder, const std::filesystem::path& target);

  Home home_;
  std::set<std::filesystem::path> unsynced_;  // folders with new entries
};

}  // namespace zerosweep
