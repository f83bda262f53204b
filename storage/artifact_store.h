// The artifact store: content-addressed folders, published by rename, checked when read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/artifact.h"
#include "storage/home.h"

namespace zerosweep {

struct Published {
  std::string digest;
  Manifest manifest;
  int64_t bytes = 0;
};

class ArtifactStore {
 public:
  explicit ArtifactStore(Home home) : home_(std::move(home)) {}

  // Checks the staged artifact's manifest against `digest`, renames it into place without replacing
  // (first wins; the loser's staging is removed), fsyncs the folder. Throws kStorage when the
  // staging is not what was reported.
  Published Publish(const std::string& attempt, const std::string& digest) const;

  // The folder of a published artifact. Retries ENOENT and ESTALE for up to `patience` seconds,
  // reading the parent folder anew (network file systems cache absence). nullopt when it stays
  // missing.
  std::optional<std::filesystem::path> Find(const std::string& digest, double patience = 0) const;

  // Every published artifact (for adoption on start: published but not committed).
  std::vector<Published> List() const;

  // Removes the staging folders of attempts that are not in `live` and older than `min_age`
  // seconds.
  int RemoveStaleStaging(const std::vector<std::string>& live, double min_age) const;

 private:
  Home home_;
};

}  // namespace zerosweep
