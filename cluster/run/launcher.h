// Starts ranks of this program through mpirun, on this host or one on every node of a Slurm
// allocation, and follows them to their end.
#pragma once

#include <string>
#include <vector>

#include "storage/home/home.h"

namespace zerosweep {

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
