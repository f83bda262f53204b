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
  Manifest manifest;  // Publish returns the staged one, List the stored one
  int64_t bytes = 0;
};

// Returns the first defect of a published artifact; empty when it is intact.
std::string DefectOf(const std::filesystem::path& folder, const std::string& digest);

class ArtifactStore {
 public:
  explicit ArtifactStore(Home home) : home_(std::move(home)) {}

  // Checks the staged artifact against its manifest and against what the attempt reported. Then
  // renames it into place without replacing: the first one wins, and the loser's staging is
  // removed. Returns the staged manifest, because two stages may produce the same bytes. Throws
  // kStorage: with Failure::kPublish when the staging is not what was reported, otherwise for a
  // disk error.
  Published Publish(const std::string& attempt, const std::string& stage,
                    const std::string& digest);

  // Publishes a folder that came from elsewhere, checked against the digest alone. Returns whether
  // the store lacked it. Throws kUsage for a folder that is not that artifact.
  bool Adopt(const std::filesystem::path& folder, const std::string& digest);

  // Makes everything published since the last call durable. REQUIRES: call it before committing
  // anything that relies on it.
  void Sync();

  // Returns the folder of a published artifact, or nullopt.
  std::optional<std::filesystem::path> Find(const std::string& digest) const;

  // Returns all published artifacts except those in `known`, sorted by digest.
  std::vector<Published> List(const std::unordered_set<std::string>& known = {}) const;

  // Removes the staging folders that are older than `min_age` seconds and whose attempts are not in
  // `live`. Returns their number.
  int RemoveStaleStaging(const std::vector<std::string>& live, double min_age) const;

 private:
  // Renames `folder` into place. Where the target exists, removes `folder` and returns false.
  bool Place(const std::filesystem::path& folder, const std::filesystem::path& target);

  Home home_;
  std::set<std::filesystem::path> unsynced_;  // folders whose new entries are not synced yet
};

}  // namespace zerosweep
