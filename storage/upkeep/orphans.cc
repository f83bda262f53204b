#include "storage/upkeep/orphans.h"

namespace zerosweep {

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

}  // namespace zerosweep
