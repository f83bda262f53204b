// The artifact store: content-addressed folders, published by rename, checked when read.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/artifact.h"
#include "storage/home.h"

namespace zerosweep {

// Error::failure() of a Publish that found another artifact than the one reported.
inline constexpr const char* kPublishFailure = "publish";

struct Published {
  std::string digest;
  Manifest manifest;  // as its own stage wrote it: two stages may make the same bytes
  int64_t bytes = 0;
};

class ArtifactStore {
 public:
  explicit ArtifactStore(Home home) : home_(std::move(home)) {}

  // Checks the staged artifact's manifest against what was reported, renames it into place without
  // replacing (first wins; the loser's staging is removed). Returns the staged manifest. Throws
  // kStorage: of failure kPublishFailure when the staging is not what was reported, else an error
  // of the disk.
  Published Publish(const std::string& attempt, const std::string& stage,
                    const std::string& digest);

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
  Home home_;
  std::set<std::filesystem::path> unsynced_;  // folders with new entries
};

}  // namespace zerosweep
