// Finds a job's number in the output of sbatch, or of a site's wrapper around it.
#pragma once

#include <string>

namespace zerosweep {

struct NamedJob {
  std::string id;       // "" when none or several are named: it might be another's job
  std::string cluster;  // "" when none is named
};

// `loosely`: also accepts other wording ("Your job 17 has been queued"), not only Slurm's.
NamedJob JobIn(const std::string& text, bool loosely);

}  // namespace zerosweep
