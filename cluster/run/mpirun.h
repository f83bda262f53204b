// How mpirun is called: its arguments and its environment.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace zerosweep {

struct MpirunSpec {
  int ranks = 1;
  bool over_nodes = false;  // one rank on each node of the allocation, otherwise all on this host
  std::string interface;    // network interfaces or subnets between nodes; "": Open MPI chooses
  bool ulfm = true;         // Open MPI 5 (the wheel), otherwise 4.1 (Debian)
};

// The words before the command.
std::vector<std::string> MpirunCommand(const MpirunSpec& spec);

// Returns `ours` without the variables that other launchers have set, and without those that would
// take the ranks of this host to other hosts; with HOME, which mpirun requires.
std::map<std::string, std::string> MpirunEnvironment(std::map<std::string, std::string> ours,
                                                     bool over_nodes);

// The words between mpirun's own and the command of ranks on this host: an env(1) call that
// restores the variables of the surrounding Slurm job that ranks need.
std::vector<std::string> RankEnvironment(const std::map<std::string, std::string>& ours);

}  // namespace zerosweep
