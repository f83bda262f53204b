// How mpirun is called: its words and its environment.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace zerosweep {

struct MpirunSpec {
  int ranks = 1;
  bool over_nodes = false;  // one rank on each node of the allocation, else all on this host
  std::string interface;    // network interfaces or subnets between nodes; "": Open MPI chooses
  bool ulfm = true;         // Open MPI 5 (the wheel), else 4.1 (Debian)
};

// The words before the command.
std::vector<std::string> MpirunCommand(const MpirunSpec& spec);

// `ours` without what other launchers have told this process, and without what would take ranks of
// this host to other ones; with a HOME, which mpirun insists on.
std::map<std::string, std::string> MpirunEnvironment(std::map<std::string, std::string> ours,
                                                     bool over_nodes);

// Words between mpirun's and the command of ranks of this host: an env(1) that gives them back what
// they want to know of the Slurm job around them.
std::vector<std::string> RankEnvironment(const std::map<std::string, std::string>& ours);

}  // namespace zerosweep
