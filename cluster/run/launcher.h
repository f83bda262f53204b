// Starts ranks of this program through mpirun, all on this host or one on every node of a Slurm
// allocation, and waits for their end.
#pragma once

#include <string>
#include <vector>

#include "storage/home/home.h"

namespace zerosweep {

struct LaunchOptions {
  std::vector<std::string> command;  // the program and arguments of every rank
  int ranks = 1;
  bool over_nodes = false;
  std::string interface;
  Home home;
  std::string run;    // where rank 0 writes its outcome
  double grace = 30;  // seconds from the first signal to the end of mpirun
  // Seconds after which ranks that have not started yet cause a warning, and after which they are
  // given up; over nodes, five times as long.
  double slow_start = 8, hung_start = 60;
};

// Runs mpirun in a process group of its own. Returns the exit code of the outcome, whose error it
// logs; 4 when there is no outcome, whatever mpirun returned.
//
// The first INT, TERM, HUP or USR1 is passed on as SIGUSR1 (drain); after `grace` seconds or a
// second signal, mpirun is ended. Until rank 0 listens, which the run's folder shows, a signal ends
// mpirun at once, and the result is 75.
//
// An mpirun that does not exit within 4 s of the outcome is ended too, as is one whose ranks do not
// start within a minute (five over nodes); a warning comes long before.
//
// Throws kCluster when mpirun cannot be started or there is no loopback interface, kStorage when
// the home cannot be made.
int LaunchRanks(const LaunchOptions& options);

}  // namespace zerosweep
