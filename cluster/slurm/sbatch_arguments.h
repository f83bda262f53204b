// What sbatch is told of a job.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

struct SbatchRequest {
  std::string sweep;  // its name; any text
  int nodes = 1;
  int gpus_per_node = 0;
  int cpus_per_node = 0;                         // 0: as the cluster gives by default
  std::string memory, time, partition, account;  // in Slurm's words; "": its default
  int notice = 120;                              // seconds from USR1 to the time limit
  std::vector<std::string> passed;               // further options, as they are
};

// The arguments up to the script, with the script and its own: all of them words of their own,
// none of which Slurm reads as a script's `#SBATCH` line. `folder` is that of the job. Throws
// kUsage for what cannot be said to sbatch.
std::vector<std::string> SbatchArguments(const SbatchRequest& request,
                                         const std::filesystem::path& folder,
                                         const std::filesystem::path& program);

// One word of a shell, for a command to be shown and copied.
std::string ShellWord(const std::string& word);

}  // namespace zerosweep
