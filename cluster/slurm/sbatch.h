// The arguments of sbatch for a job, and the job's number in its output.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

struct SbatchRequest {
  std::string sweep;  // its name; any text
  int nodes = 1;
  int gpus_per_node = 0;
  int cpus_per_node = 0;                         // 0: the cluster's default
  std::string memory, time, partition, account;  // in Slurm's syntax; "": its default
  int notice = 120;                              // seconds from USR1 to the time limit
  std::vector<std::string> passed;               // further options, passed on unchanged
};

// All arguments of sbatch, including the script and the script's own. Each is one word, and Slurm
// takes none of them for a script's `#SBATCH` line. `folder` is the job's folder. Throws kUsage for
// values that cannot be passed to sbatch.
std::vector<std::string> SbatchArguments(const SbatchRequest& request,
                                         const std::filesystem::path& folder,
                                         const std::filesystem::path& program);

struct NamedJob {
  std::string id;       // "" when none or several are named: it might be another's job
  std::string cluster;  // "" when none is named
};

// `loosely`: also accepts other wording ("Your job 17 has been queued"), not only Slurm's.
NamedJob JobIn(const std::string& text, bool loosely);

// The word quoted for a shell, for commands that users see and copy.
std::string ShellWord(const std::string& word);

}  // namespace zerosweep
