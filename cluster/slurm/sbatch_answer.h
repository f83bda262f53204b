// The number of a job in what sbatch, or what a site has put around it, prints.
#pragma once

#include <string>

namespace zerosweep {

struct NamedJob {
  std::string id;       // "" when none is named, or several: a wrong one would be another's
  std::string cluster;  // "" when none is named
};

// `loosely`: in anybody's words too ("Your job 17 has been queued"), not only in Slurm's.
NamedJob JobIn(const std::string& text, bool loosely);

}  // namespace zerosweep
