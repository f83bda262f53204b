// Starts ranks of this program through mpirun, on this host or one on every node of a Slurm
// allocation, and follows them to their end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/home.h"

namespace zerosweep {

struct MpirunSpec {
  int ranks = 1;
  bool over_nodes = false;  // one rank on each node of the allocation, else all on this host
  std::string interface;    // network interfaces or subnets between nodes; "": Open MPI chooses
  bool ulfm = true;         // Open MPI 5 (the wheel), else 4.1 (Debian)
};

struct LaunchOptions {
  std::vector<std::string> command;  // the program and its arguments, as every rank runs it
  int ranks = 1;
  bool over_nodes = false;
  std::string interface;
  Home home;
  std::string run;    // where rank 0 writes its outcome
  double grace = 30;  // seconds from the first signal to the end of mpirun
  // Seconds in which the ranks should have begun (a line says so), and in which they must have;
  // over nodes five times as long.
  double slow_start = 8, hung_start = 60;
};

// The words before the command.
std::vector<std::string> MpirunCommand(const MpirunSpec& spec);

// `ours` without what other launchers have told this process, and without what would take ranks of
// this host to other ones; with a HOME, which mpirun insists on.
std::map<std::string, std::string> MpirunEnvironment(std::map<std::string, std::string> ours,
                                                     bool over_nodes);

// Runs mpirun in a process group of its own. The first INT, TERM, HUP or USR1 becomes SIGUSR1 (=
// drain); after `grace` seconds, or a second signal, mpirun is ended; before rank 0 listens (the
// folder of the run is there), it is ended at once: 75. The exit code is that of the outcome, whose
// error is logged; 4 when there is none, whatever mpirun returned. An mpirun that does not leave
// within 4 s of the outcome is ended too, and one whose ranks do not begin within a minute (five
// over nodes): a line says so long before. Throws kCluster when it cannot be started or there is no
// loopback interface, kStorage when
// the home cannot be made.
int LaunchRanks(const LaunchOptions& options);

}  // namespace zerosweep
